// What --help prints.

const ENDPOINT = `
Common options:
  -u, --url URL       the WebSocket endpoint; else $WSPUBSUB_URL, else
                      ws://localhost:8080/ws
`;
const IN_BAND = `\
      --in-band       the token as the first command instead, as endpoints with
                      "ws_pubsub_token later" take it; not for --api
`;
const CONTROL = `
Common options:
  -c, --control URL   the location with ws_pubsub_control; else
                      $WSPUBSUB_CONTROL, else http://localhost:8080/control/
`;
const HEADERS = `\
  -H, --header TEXT   "Name: value" to send with requests, any number of them
      --token TEXT    "Authorization: Bearer TEXT"; else $WSPUBSUB_TOKEN
`;
const REQUEST = `\
      --cacert FILE   certificates to trust; -k, --insecure: any
      --timeout S     seconds for a connection and for an answer (10)
`;
const COMMON = `\
  -j, --json          a JSON object a line
  -q, --quiet         results and errors only
  -h, --help          this text

Exit codes: 0 done; 1 the server said no; 2 wrong usage; 3 no connection, or
nothing in time; 4 not authorized (401, 403, or the token is refused).
`;

const API = `\
  -a, --api URL       the HTTP API instead, e.g. http://localhost:8080/api/;
                      else $WSPUBSUB_API, where no --url is given
`;
const RAW = `\
  -r, --raw           only payloads, bytes as they are
`;

const TEXTS = {
    sub: `Usage: wspubsub sub [options] SELECTOR...

Prints the values, then each change, as "topic payload". Comes back after any
drop and goes on where it was; ends by Ctrl-C, --count or --timeout. What
else happens (gaps, topics that go, presence) is told on stderr, with --json
on stdout.

      --last N        begin with the last N messages of each topic
      --since WHERE   "new": only changes; EPOCH.SEQ: what came after it
      --rate N        at most N messages a second of each topic, the newest
      --delta         let the server send differences
  -n, --count N       end after N messages
      --timeout S     end after S seconds, with exit code 3
${RAW}`,
    pub: `Usage: wspubsub pub [options] TOPIC [PAYLOAD]

Publishes the payload, or what stdin has; prints its position, EPOCH.SEQ.

  -t, --type TYPE     text (the default), json, binary, or patch: a merge
                      patch, or an array: a JSON Patch
  -f, --file FILE     its contents
  -l, --lines         each line of stdin is a message
      --if WHERE      only if the topic stands at EPOCH.SEQ, or is "absent"
      --key TEXT      once in this topic, however often it is tried (5 min)
${API}`,
    get: `Usage: wspubsub get [options] SELECTOR

Prints the values of all topics that match, as "topic payload".

      --after TOPIC   begin after this one
      --limit N       at most so many
${RAW}${API}`,
    history: `Usage: wspubsub history [options] TOPIC

Prints what the topic keeps, oldest first, as "seq payload".

      --last N        the last N messages
      --since WHERE   what came after EPOCH.SEQ
${RAW}${API}`,
    who: `Usage: wspubsub who [options] TOPIC

Prints who is subscribed to that very topic, where it has presence.
`,
    bench: `Usage: wspubsub bench [options] [TOPIC]

Publishes messages and subscribes to them, all from here; prints how many a
second, and how long they took. Without a topic it makes one up in bench/.

      --subscribers N (10)    --publishers N (1)
      --messages N (10000)    --size BYTES (100)
      --window N      messages that wait for their answers at a publisher (32)
${API}`,
};

const CONTROL_TEXTS = {
    sessions: `Usage: wspubsub sessions [options]

Lists live sessions, by id. All that is given must hold. Exit code 1 where a
worker has not answered.

      --user TEXT     whose token has this "sub"
      --identity TEXT that are called so
      --topic TEXT    that have a subscription of exactly this text
      --endpoint NAME of this location
      --limit N       at most so many
`,
    kick: `Usage: wspubsub kick [options] [ID]

Closes the session of that id, or those that have all of what is given; prints
how many. Exit code 1 where a worker has not answered: it closes its sessions
when it goes on.

      --user TEXT     whose token has this "sub"
      --identity TEXT that are called so
      --topic TEXT    that have a subscription of exactly this text
      --all           every one
      --code N        1000, 1001, 1008, or 3000 to 4999 (3503)
      --reason TEXT   what the client is told
`,
    revoke: `Usage: wspubsub revoke [options]

Makes tokens not good any more, and closes the sessions that are here by them;
prints how many. Exit code 1 where a worker has not answered: it closes its
sessions when it goes on.

      --user TEXT     those with this "sub"
      --jti TEXT      the one with this "jti"
      --all           every one
      --before N      issued before then, in seconds since 1970 (now)
      --undo          takes that back; prints how many there were
      --list          prints what is revoked; --limit N: at most so many
`,
};

const TOKEN = `Usage: wspubsub token make [options]
       wspubsub token explain [options] [TOKEN]

Makes a token for trying, or tells what is in one (else that of stdin): when it
begins and ends, whether the signature is good, and what the server will have
against it, as $ws_pubsub_token_error. Nobody is asked. What
ws_pubsub_token_check requires, and what is revoked, is not known here. Exit
code 1 where something is wrong; a ticket need not be good for a session.

  -s, --secret TEXT   the key, of HS256, HS384 and HS512
      --key FILE      the key: PEM, a JWK (to explain: a JWK Set, too), or
                      else a secret; private to make, public to explain
      --alg NAME      the algorithm, where the key may be for others, too

To make one:
      --sub TEXT      the user
      --exp TIME      when it ends, from now, e.g. 30s, 5m, 7d, never (1h)
      --claim A=B     any other claim, or one in place of these; B is JSON,
                      or else a text; any number of them
      --topic TEXT    a ticket for these topics; --pub: to publish, too
      --kid TEXT      the name of the key; else that of the JWK

Common options:
`;

const OVERVIEW = `Usage: wspubsub COMMAND [options] ...

  sub      prints the values of topics, then each change
  pub      publishes
  get      prints values
  history  prints what a topic keeps
  who      prints who is subscribed
  bench    measures

  sessions lists who is connected
  kick     closes sessions
  revoke   makes tokens not good any more
  token    makes and explains tokens

wspubsub COMMAND --help tells more; wspubsub --version which one it is.
`;

// Of a command, or of all.
export function help(command) {
    if (command === undefined) {
        return OVERVIEW;
    }
    if (command === "token") {
        return TOKEN + COMMON;
    }
    return Object.hasOwn(CONTROL_TEXTS, command)
        ? CONTROL_TEXTS[command] + CONTROL + HEADERS + REQUEST + COMMON
        : TEXTS[command] + ENDPOINT + HEADERS + IN_BAND + REQUEST + COMMON;
}
