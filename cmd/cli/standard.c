//go:build unix

#include <errno.h>
#include <fcntl.h>

// hold_place opens /dev/null in the place of a standard file that is closed, the wrong way
// round: whoever reads or writes it is told EBADF, as if it were still closed.
static void hold_place(int fd, int flags)
{
	if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
		(void)open("/dev/null", flags); // the lowest number that is free: fd
}

// The Go runtime opens /dev/null for writing in the place of a stdout that is closed, and
// what is written there is lost without an error. This runs before it looks.
__attribute__((constructor)) static void hold_places(void)
{
	hold_place(0, O_WRONLY);
	hold_place(1, O_RDONLY);
}
