// The one instruction that Swift has no name for.
#ifndef KIZASHI_CPREFETCH_H
#define KIZASHI_CPREFETCH_H

// Asks for the cache line of an address and does not wait for it. Any address will do: of one that cannot be read nothing comes.
static inline __attribute__((always_inline)) void ks_prefetch(const void *address) { __builtin_prefetch(address); }

#endif
