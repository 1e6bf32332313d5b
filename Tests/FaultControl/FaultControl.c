#define _GNU_SOURCE
#include "FaultControl.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { class_count = 3, names = 48, name_length = 24, what_length = 512 };

struct fault_control {
  _Atomic int32_t action;
  int32_t error;
  uint32_t classes;
  uint64_t first;
  uint64_t last;
  _Atomic uint64_t calls;
  _Atomic uint64_t class_calls[class_count];
  _Atomic uint64_t hits;
  _Atomic int32_t told;
  char what[what_length];
  // A name's place is taken once and never given back.
  struct {
    _Atomic int32_t taken;
    char name[name_length];
    _Atomic uint64_t count;
  } counts[names];
};

struct fault_control *fault_control_map(const char *path, int create) {
  int file = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
  if (file < 0) return NULL;
  if (create && ftruncate(file, sizeof(struct fault_control)) != 0) {
    close(file);
    return NULL;
  }
  void *page = mmap(NULL, sizeof(struct fault_control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return page == MAP_FAILED ? NULL : page;
}

void fault_control_unmap(struct fault_control *control) { munmap(control, sizeof *control); }

void fault_control_arm(
    struct fault_control *control, int32_t action, int32_t error, uint32_t classes, uint64_t first, uint64_t last) {
  atomic_store(&control->action, FAULT_NONE);
  control->error = error;
  control->classes = classes;
  control->first = first;
  control->last = last;
  atomic_store(&control->calls, 0);
  for (int index = 0; index < class_count; index++) atomic_store(&control->class_calls[index], 0);
  atomic_store(&control->hits, 0);
  atomic_store(&control->told, 0);
  atomic_store(&control->action, action);
}

void fault_control_free(struct fault_control *control) { atomic_store(&control->action, FAULT_NONE); }

uint64_t fault_control_calls(const struct fault_control *control) { return atomic_load(&control->calls); }

uint64_t fault_control_calls_of(const struct fault_control *control, uint32_t chosen) {
  uint64_t count = 0;
  for (int index = 0; index < class_count; index++)
    if (chosen & 1u << index) count += atomic_load(&control->class_calls[index]);
  return count;
}

uint64_t fault_control_hits(const struct fault_control *control) { return atomic_load(&control->hits); }

const char *fault_control_what(const struct fault_control *control) {
  return atomic_load(&control->told) == 2 ? control->what : NULL;
}

/// The place of a name, taken if `take` is not 0; -1: it has none.
static int place(struct fault_control *control, const char *name, int take) {
  for (int index = 0; index < names; index++) {
    int32_t state = 0;
    if (take && atomic_compare_exchange_strong(&control->counts[index].taken, &state, 1)) {
      strncpy(control->counts[index].name, name, name_length - 1);
      atomic_store(&control->counts[index].taken, 2);
      return index;
    }
    while ((state = atomic_load(&control->counts[index].taken)) == 1) {}
    if (state == 0) return -1;
    if (strncmp(control->counts[index].name, name, name_length - 1) == 0) return index;
  }
  return -1;
}

uint64_t fault_control_count_of(const struct fault_control *control, const char *name) {
  int index = place((struct fault_control *)control, name, 0);
  return index < 0 ? 0 : atomic_load(&control->counts[index].count);
}

struct fault_verdict fault_control_meet(struct fault_control *control, const char *name, uint32_t class) {
  struct fault_verdict verdict = {FAULT_NONE, 0};
  int index = place(control, name, 1);
  if (index >= 0) atomic_fetch_add(&control->counts[index].count, 1);
  if ((class & control->classes) == 0) return verdict;
  uint64_t number = atomic_fetch_add(&control->calls, 1) + 1;
  for (int index = 0; index < class_count; index++)
    if (class & 1u << index) atomic_fetch_add(&control->class_calls[index], 1);
  int32_t action = atomic_load(&control->action);
  if (action == FAULT_NONE || number < control->first || number > control->last) return verdict;
  verdict.action = action;
  verdict.error = control->error;
  if (atomic_fetch_add(&control->hits, 1) > 0 && action == FAULT_FILL) verdict.action = FAULT_FAIL;
  return verdict;
}

void fault_control_tell(struct fault_control *control, const char *what) {
  int32_t untold = 0;
  if (!atomic_compare_exchange_strong(&control->told, &untold, 1)) return;
  strncpy(control->what, what, what_length - 1);
  control->what[what_length - 1] = 0;
  atomic_store(&control->told, 2);
}
