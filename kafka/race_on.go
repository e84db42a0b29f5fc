//go:build race

package kafka

// #include <stdlib.h>
// #include <unistd.h>
//
// static void ks_leave(int status, void *unused) { _exit(status); }
// static int ks_leave_at_exit(void) { return on_exit(ks_leave, NULL); }
import "C"

import "sync"

// skipExitHandlers makes programs that are built with the race detector end as others do:
// at once. They run the exit handlers of C (runtime.racefini), and OpenSSL's takes away what
// the threads of clients that are still closing use. A handler that is registered behind
// OpenSSL's, which the first client does, runs before it.
var skipExitHandlers = sync.OnceFunc(func() {
	if C.ks_leave_at_exit() != 0 {
		panic("on_exit failed")
	}
})
