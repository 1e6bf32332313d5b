#define _GNU_SOURCE
#include "FaultControl.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static struct fault_control *control;
static pid_t own;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv(FAULT_CONTROL_VARIABLE);
  if (path == NULL) return;
  control = fault_control_map(path, 0);
  own = getpid();
  if (control == NULL) {
    dprintf(STDERR_FILENO, "FaultShim: cannot map %s\n", path);
    _exit(127);
  }
}

/// A call that may meet a fault, and what is known of it.
struct call {
  const char *name;
  /// One of these names the file.
  int descriptor;
  const char *path;
  /// -1: it carries no bytes.
  ssize_t length;
  struct fault_verdict verdict;
};

static void tell(const struct call *call) {
  char link[64], file[256] = "", what[400];
  if (call->path == NULL) {
    snprintf(link, sizeof link, "/proc/self/fd/%d", call->descriptor);
    ssize_t count = readlink(link, file, sizeof file - 1);
    file[count < 0 ? 0 : count] = 0;
  }
  int count = snprintf(what, sizeof what, "%s %s", call->name, call->path ? call->path : file);
  if (call->length >= 0 && count < (int)sizeof what)
    snprintf(what + count, sizeof what - count, ", %zd bytes", call->length);
  fault_control_tell(control, what);
}

static void die(void) {
  kill(own, SIGKILL);
  for (;;) pause();
}

/// Whose bytes a descriptor takes; 0: nobody's that could notice (an event counter wakes only this process). The log counts
/// as a stream, wherever a test keeps it: a journal or a terminal does not share the store's disk.
static uint32_t class_of(int descriptor) {
  struct stat status;
  if (descriptor == STDOUT_FILENO || descriptor == STDERR_FILENO) return FAULT_STREAM;
  if (fstat(descriptor, &status) != 0) return FAULT_DATA;
  if (S_ISREG(status.st_mode)) return FAULT_DATA;
  return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) ? FAULT_STREAM : 0;
}

/// Counts the call and, where it meets death before it is done, dies.
static void enter(struct call *call, uint32_t class) {
  // A child between fork and exec has our memory, but is not who is tested.
  if (control == NULL || class == 0 || getpid() != own) return;
  int number = errno;
  call->verdict = fault_control_meet(control, call->name, class);
  if (call->verdict.action != FAULT_NONE) tell(call);
  if (call->verdict.action == FAULT_KILL_BEFORE) die();
  errno = number;
}

/// Whether the call must fail, with errno set.
static int fails(const struct call *call) {
  int cannotBeHalf = call->verdict.action == FAULT_FILL && call->length < 2;
  if (call->verdict.action != FAULT_FAIL && !cannotBeHalf) return 0;
  errno = call->verdict.error;
  return 1;
}

/// How many of the call's bytes are to be written.
static size_t share(const struct call *call, size_t length) {
  int half = call->verdict.action == FAULT_TEAR || call->verdict.action == FAULT_FILL;
  return half && length > 1 ? length / 2 : length;
}

/// When the call is done: dies where it meets death then.
static void leave(const struct call *call) {
  if (call->verdict.action == FAULT_KILL_AFTER || call->verdict.action == FAULT_TEAR) die();
}

/// Looks for the function behind ours, once.
#define NEXT(name) \
  static __typeof__(&name) next; \
  if (next == NULL) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/// A function that writes `length` bytes, which can also be written by half. `system` is its system call's name.
#define BYTES(result, function, system, parameters, class, fd, length, ...) \
  result function parameters { \
    NEXT(function); \
    struct call call = {system, fd, NULL, (ssize_t)(length), {0, 0}}; \
    enter(&call, class); \
    if (fails(&call)) return -1; \
    length = share(&call, length); \
    result done = next(__VA_ARGS__); \
    leave(&call); \
    return done; \
  }

/// Any other function that answers -1 where it fails.
#define PLAIN(function, system, parameters, class, fd, name, ...) \
  int function parameters { \
    NEXT(function); \
    struct call call = {system, fd, name, -1, {0, 0}}; \
    enter(&call, class); \
    if (fails(&call)) return -1; \
    int done = next(__VA_ARGS__); \
    leave(&call); \
    return done; \
  }

BYTES(ssize_t, write, "write", (int fd, const void *bytes, size_t length), class_of(fd), fd, length, fd, bytes, length)
BYTES(ssize_t, pwrite, "pwrite64", (int fd, const void *bytes, size_t length, off_t at), class_of(fd), fd, length, fd,
      bytes, length, at)
BYTES(ssize_t, pwrite64, "pwrite64", (int fd, const void *bytes, size_t length, off64_t at), class_of(fd), fd, length,
      fd, bytes, length, at)
BYTES(ssize_t, send, "sendto", (int fd, const void *bytes, size_t length, int flags), FAULT_STREAM, fd, length, fd,
      bytes, length, flags)
BYTES(ssize_t, sendto, "sendto",
      (int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t size), FAULT_STREAM,
      fd, length, fd, bytes, length, flags, to, size)
BYTES(ssize_t, sendfile, "sendfile", (int fd, int from, off_t *at, size_t length), class_of(fd), fd, length, fd, from,
      at, length)

/// Calls with several pieces are not cut: half of them is all of them.
#define PIECES(function, system, parameters, class, ...) \
  ssize_t function parameters { \
    NEXT(function); \
    struct call call = {system, fd, NULL, -1, {0, 0}}; \
    enter(&call, class); \
    if (fails(&call)) return -1; \
    ssize_t done = next(__VA_ARGS__); \
    leave(&call); \
    return done; \
  }

PIECES(writev, "writev", (int fd, const struct iovec *pieces, int count), class_of(fd), fd, pieces, count)
PIECES(pwritev, "pwritev", (int fd, const struct iovec *pieces, int count, off_t at), class_of(fd), fd, pieces, count,
       at)
PIECES(sendmsg, "sendmsg", (int fd, const struct msghdr *message, int flags), FAULT_STREAM, fd, message, flags)

PLAIN(fsync, "fsync", (int fd), FAULT_META, fd, NULL, fd)
PLAIN(fdatasync, "fdatasync", (int fd), FAULT_META, fd, NULL, fd)
PLAIN(ftruncate, "ftruncate", (int fd, off_t size), FAULT_META, fd, NULL, fd, size)
PLAIN(ftruncate64, "ftruncate", (int fd, off64_t size), FAULT_META, fd, NULL, fd, size)
PLAIN(truncate, "truncate", (const char *path, off_t size), FAULT_META, -1, path, path, size)
PLAIN(fallocate, "fallocate", (int fd, int mode, off_t at, off_t size), FAULT_META, fd, NULL, fd, mode, at, size)
PLAIN(rename, "rename", (const char *from, const char *to), FAULT_META, -1, from, from, to)
PLAIN(renameat, "renameat", (int fromFD, const char *from, int toFD, const char *to), FAULT_META, -1, from, fromFD,
      from, toFD, to)
PLAIN(unlink, "unlink", (const char *path), FAULT_META, -1, path, path)
PLAIN(unlinkat, "unlinkat", (int fd, const char *path, int flags), FAULT_META, -1, path, fd, path, flags)
PLAIN(rmdir, "rmdir", (const char *path), FAULT_META, -1, path, path)
PLAIN(mkdir, "mkdir", (const char *path, mode_t mode), FAULT_META, -1, path, path, mode)
PLAIN(mkdirat, "mkdirat", (int fd, const char *path, mode_t mode), FAULT_META, -1, path, fd, path, mode)
PLAIN(link, "link", (const char *from, const char *to), FAULT_META, -1, to, from, to)
PLAIN(symlink, "symlink", (const char *target, const char *path), FAULT_META, -1, path, target, path)
PLAIN(chmod, "chmod", (const char *path, mode_t mode), FAULT_META, -1, path, path, mode)
PLAIN(fchmod, "fchmod", (int fd, mode_t mode), FAULT_META, fd, NULL, fd, mode)
PLAIN(fchown, "fchown", (int fd, uid_t user, gid_t group), FAULT_META, fd, NULL, fd, user, group)
PLAIN(bind, "bind", (int fd, const struct sockaddr *address, socklen_t size), FAULT_META, fd, NULL, fd, address, size)

/// Opening is write-like where it makes a file.
#define OPENING(function, system, parameters, path, ...) \
  int function parameters { \
    NEXT(function); \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { \
      va_list rest; \
      va_start(rest, flags); \
      mode = va_arg(rest, mode_t); \
      va_end(rest); \
    } \
    struct call call = {system, -1, path, -1, {0, 0}}; \
    enter(&call, flags & O_CREAT ? FAULT_META : 0); \
    if (fails(&call)) return -1; \
    int done = next(__VA_ARGS__); \
    leave(&call); \
    return done; \
  }

OPENING(open, "open", (const char *path, int flags, ...), path, path, flags, mode)
OPENING(open64, "open", (const char *path, int flags, ...), path, path, flags, mode)
OPENING(openat, "open", (int fd, const char *path, int flags, ...), path, fd, path, flags, mode)
