package embedded

import (
	"errors"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kfake"
)

// logger passes the broker's log lines on. While the broker closes it also
// keeps the errors, because the library only logs those.
type logger struct {
	write   func(line string)
	verbose bool

	mu      sync.Mutex
	keeping bool
	errs    []error
}

// Logf is called by the broker, from any of its goroutines.
func (l *logger) Logf(level kfake.LogLevel, format string, args ...any) {
	wanted := l.write != nil && (l.verbose || level <= kfake.LogLevelWarn)
	if !wanted && level != kfake.LogLevelError {
		return
	}
	line := fmt.Sprintf(format, args...)
	if wanted {
		l.write(line)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.keeping && level == kfake.LogLevelError {
		l.errs = append(l.errs, errors.New(line))
	}
}

func (l *logger) collect() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keeping = true
}

func (l *logger) collected() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.errs...)
}
