#ifndef FAULT_SHIM_H
#define FAULT_SHIM_H

// The shim has no functions of its own: preloaded into a process (LD_PRELOAD), it stands before the C library's write-like
// functions, which SQLite, Swift and Foundation all call, and does what the file named by KIZASHI_FAULT_CONTROL says.
// Children that do not get the variable, such as hooks, are left alone.

#endif
