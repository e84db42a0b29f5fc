package record

import (
	"kstream/cmd/cli"
)

// NewWorker makes the command of --exec for one member, or nil without one.
func (r *Run) NewWorker(command, mode string) *cli.Worker {
	if command == "" {
		return nil
	}
	w := &cli.Worker{Command: command, JSON: mode == "json", Env: r.Env}
	r.workers.Add(w)
	return w
}
