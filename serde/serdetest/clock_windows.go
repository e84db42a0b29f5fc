package serdetest

import "time"

// processTime is 0 where the time on the wall is all that counts.
func processTime() time.Duration { return 0 }
