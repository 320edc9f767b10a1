# Appends to nginx's generated Makefile the rules that build our archives. They
# always run (only the inner make knows the sources); what is linked from an
# archive is linked again only if that changed it.
cat << END                                                    >> $NGX_MAKEFILE

$NGX_OBJS/ws_pubsub/libws_pubsub.a: $ws_pubsub_lws $ws_pubsub_hiredis ws_pubsub_always
	@\$(MAKE) --no-print-directory -f $ngx_addon_dir/auto/compile.mk \\
	    ARCHIVE=\$(abspath \$@) BUILD=${WS_PUBSUB_BUILD:-release} \\
	    NGX_DIR=\$(CURDIR) NGX_INCS='\$(ALL_INCS)' NGX_CFLAGS='\$(CFLAGS)'

$ws_pubsub_lws: ws_pubsub_always
	@$ngx_addon_dir/auto/lws

$ws_pubsub_hiredis: ws_pubsub_always
	@$ngx_addon_dir/auto/hiredis

.PHONY: ws_pubsub_always
ws_pubsub_always:

END
