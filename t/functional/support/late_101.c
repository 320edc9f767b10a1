/* Preloaded into nginx: a worker that has written a 101 response is held up
   before it does anything else, as by a busy machine. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static const char kHead[] = "HTTP/1.1 101";

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    static ssize_t (*real)(int, const struct iovec *, int);
    if (real == NULL)
        *(void **) &real = dlsym(RTLD_NEXT, "writev");
    const int held = count > 0 && parts[0].iov_len >= sizeof(kHead)
        && memcmp(parts[0].iov_base, kHead, sizeof(kHead) - 1) == 0;
    const ssize_t written = real(fd, parts, count);
    if (held)
        usleep(300000);
    return written;
}
