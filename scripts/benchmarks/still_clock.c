// Loaded before the C library's own (LD_PRELOAD): a wall clock that stands still, so that what is counted does not depend on how
// fast the machine is today. A backfill stores what it has every two seconds, which under callgrind are few events or many.
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
  if (clock != CLOCK_REALTIME) return (int)syscall(SYS_clock_gettime, clock, time);
  // 2026-06-01T00:00:00Z: behind the lines that are counted, which end with the year before.
  *time = (struct timespec){.tv_sec = 1780272000, .tv_nsec = 0};
  return 0;
}
