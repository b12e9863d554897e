/* Stands between a program as it is shipped and the system (LD_PRELOAD): counts the calls that make something durable
 * or send it off, stops the process before a chosen one, says that the disk is full, and shifts the clock. The harness
 * steers it through a page of shared memory, the file that FAULT_PAGE names; without one it does nothing. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind { WRITE, SYNC, NAME, SEND, KINDS };

/* As `fault_layer.rs` has it: eight bytes each. */
struct page {
    volatile int64_t clock_offset;  /* nanoseconds */
    volatile int64_t disk_full;     /* 1: no file grows or is made */
    volatile int64_t stop_kind;     /* which of the counts below */
    volatile int64_t stop_before;   /* the call, from 1; 0: none */
    volatile int64_t calls[KINDS];
    volatile int64_t hold_kind;     /* which of the counts above */
    volatile int64_t hold_before;   /* the call before which its thread alone waits, from 1; 0: none */
    volatile int64_t held;          /* 1: a thread waits */
};

static struct page *page;

__attribute__((constructor)) static void attach(void) {
    const char *path = getenv("FAULT_PAGE");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *memory = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory != MAP_FAILED) page = memory;
    close(file);
}

/* One thread waits, as it would on a stalled disk, while all others go on; for ten seconds at most. */
static void hold(int64_t call) {
    const struct timespec moment = {0, 2000000};
    page->held = 1;
    for (int look = 0; look < 5000 && page->hold_before == call; look++) syscall(SYS_nanosleep, &moment, NULL);
    page->held = 0;
}

static void arrive(enum kind kind) {
    if (!page) return;
    int64_t call = __atomic_add_fetch(&page->calls[kind], 1, __ATOMIC_SEQ_CST);
    if (page->hold_kind == kind && page->hold_before == call) hold(call);
    if (page->stop_kind == kind && page->stop_before == call) syscall(SYS_tgkill, getpid(), gettid(), SIGSTOP);
}

/* Whether a write to this file goes to the disk; the log does not count. */
static int is_file(int fd) {
    struct stat found;
    return fd > 2 && fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

static int is_socket(int fd) {
    struct stat found;
    return fstat(fd, &found) == 0 && S_ISSOCK(found.st_mode);
}

/* Counts a write, and says whether it must fail. */
static int refused(int fd) {
    if (!page) return 0;
    if (is_file(fd)) {
        arrive(WRITE);
        if (page->disk_full) {
            errno = ENOSPC;
            return 1;
        }
    } else if (is_socket(fd)) {
        arrive(SEND);
    }
    return 0;
}

#define NEXT(result, name, ...)                                            \
    static result (*next)(__VA_ARGS__);                                    \
    if (!next) next = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t write(int fd, const void *data, size_t size) {
    NEXT(ssize_t, "write", int, const void *, size_t);
    return refused(fd) ? -1 : next(fd, data, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    NEXT(ssize_t, "writev", int, const struct iovec *, int);
    return refused(fd) ? -1 : next(fd, parts, count);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t place) {
    NEXT(ssize_t, "pwrite", int, const void *, size_t, off_t);
    return refused(fd) ? -1 : next(fd, data, size, place);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t place) {
    NEXT(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    return refused(fd) ? -1 : next(fd, data, size, place);
}

ssize_t send(int fd, const void *data, size_t size, int flags) {
    NEXT(ssize_t, "send", int, const void *, size_t, int);
    return refused(fd) ? -1 : next(fd, data, size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    NEXT(ssize_t, "sendmsg", int, const struct msghdr *, int);
    return refused(fd) ? -1 : next(fd, message, flags);
}

int ftruncate(int fd, off_t size) {
    NEXT(int, "ftruncate", int, off_t);
    return refused(fd) ? -1 : next(fd, size);
}

int ftruncate64(int fd, off64_t size) {
    NEXT(int, "ftruncate64", int, off64_t);
    return refused(fd) ? -1 : next(fd, size);
}

int fallocate64(int fd, int mode, off64_t place, off64_t size) {
    NEXT(int, "fallocate64", int, int, off64_t, off64_t);
    return refused(fd) ? -1 : next(fd, mode, place, size);
}

int fsync(int fd) {
    NEXT(int, "fsync", int);
    arrive(SYNC);
    return next(fd);
}

int fdatasync(int fd) {
    NEXT(int, "fdatasync", int);
    arrive(SYNC);
    return next(fd);
}

int rename(const char *from, const char *to) {
    NEXT(int, "rename", const char *, const char *);
    arrive(NAME);
    return next(from, to);
}

int link(const char *from, const char *to) {
    NEXT(int, "link", const char *, const char *);
    arrive(NAME);
    return next(from, to);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    NEXT(int, "linkat", int, const char *, int, const char *, int);
    arrive(NAME);
    return next(from_folder, from, to_folder, to, flags);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned int flags) {
    NEXT(int, "renameat2", int, const char *, int, const char *, unsigned int);
    arrive(NAME);
    return next(from_folder, from, to_folder, to, flags);
}

int unlink(const char *path) {
    NEXT(int, "unlink", const char *);
    arrive(NAME);
    return next(path);
}

int mkdir(const char *path, mode_t mode) {
    NEXT(int, "mkdir", const char *, mode_t);
    arrive(NAME);
    if (page && page->disk_full) {
        errno = ENOSPC;
        return -1;
    }
    return next(path, mode);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    NEXT(int, "clock_gettime", clockid_t, struct timespec *);
    int outcome = next(clock, now);
    if (page && outcome == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t shifted = now->tv_sec * 1000000000LL + now->tv_nsec + page->clock_offset;
        now->tv_sec = shifted / 1000000000LL;
        now->tv_nsec = shifted % 1000000000LL;
    }
    return outcome;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec exact;
    int outcome = clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return outcome;
}

time_t time(time_t *now) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now) *now = exact.tv_sec;
    return exact.tv_sec;
}
