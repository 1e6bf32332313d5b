#ifndef FAULT_CONTROL_H
#define FAULT_CONTROL_H

#include <stdint.h>

// What a test and the shim it preloads into the daemon (FaultShim) share: a page of a file that both have mapped. The test
// says which of the daemon's write-like calls meets which fault; the shim counts them and says what was hit.
//
// Calls are numbered from 1, over all threads of the process, so that k = 1, 2, 3 … meets every one of them.

/// Named in the daemon's environment: the path of the shared file.
#define FAULT_CONTROL_VARIABLE "KIZASHI_FAULT_CONTROL"

/// What becomes of a call that is met.
enum fault_action {
  /// Nothing: calls are only counted.
  FAULT_NONE = 0,
  /// The process is killed instead of the call.
  FAULT_KILL_BEFORE = 1,
  /// The process is killed when the call has been done.
  FAULT_KILL_AFTER = 2,
  /// The first half of the bytes is written, then the process is killed.
  FAULT_TEAR = 3,
  /// The call fails with `error`.
  FAULT_FAIL = 4,
  /// As on a disk that fills up: the first call met writes half of its bytes and says so, the others fail with `error`.
  FAULT_FILL = 5,
};

/// What a call is done to. A fault counts and meets only calls of its classes.
enum fault_class {
  /// Bytes of a regular file.
  FAULT_DATA = 1,
  /// A file's size, its way to the disk, an entry of a directory.
  FAULT_META = 2,
  /// Bytes of a pipe, a socket or the log.
  FAULT_STREAM = 4,
};

struct fault_control;

/// Maps the file at `path`, which is made if `create` is not 0; NULL: it cannot be, see errno.
struct fault_control *fault_control_map(const char *path, int create);
void fault_control_unmap(struct fault_control *control);

/// The calls of `classes` from number `first` to `last`, counted from now on, meet `action`.
void fault_control_arm(
    struct fault_control *control, int32_t action, int32_t error, uint32_t classes, uint64_t first, uint64_t last);
/// From now on calls meet nothing. What was counted stays.
void fault_control_free(struct fault_control *control);
/// Calls counted since it was armed.
uint64_t fault_control_calls(const struct fault_control *control);
/// Of those, the ones done to any of these classes.
uint64_t fault_control_calls_of(const struct fault_control *control, uint32_t classes);
/// Calls met by the fault.
uint64_t fault_control_hits(const struct fault_control *control);
/// The first call that was met, or NULL: its name, its file, its length.
const char *fault_control_what(const struct fault_control *control);

/// How often the system call of this name was made, all classes and whatever is armed: to compare with strace.
uint64_t fault_control_count_of(const struct fault_control *control, const char *name);

/// What the shim must do with a call.
struct fault_verdict {
  int32_t action;
  int32_t error;
};

/// Counts a call of `name`, done to `class`, and says what it meets.
struct fault_verdict fault_control_meet(struct fault_control *control, const char *name, uint32_t class);
/// Says what was hit; only the first call that was met is kept.
void fault_control_tell(struct fault_control *control, const char *what);

#endif
