package pipe

import (
	"kstream/cmd/cli"
	"kstream/cmd/record"
)

// DefaultIDPrefix begins the transactional ids of members, before the group.
const DefaultIDPrefix = "kstream-pipe-"

// Options is the command line as typed. Plan checks it.
type Options struct {
	Reading     record.Options
	Members     record.MemberOptions
	Exec        string
	ExecMode    string
	Exit        bool
	Count       int64
	Idle, Limit cli.Duration
	Route       string
	KeyFrom     string
	ExactlyOnce bool
	IDPrefix    string // of transactional ids
	CommitEvery record.CommitEveryFlag
	Compression string
	ToValue     string
	OnError     string
	Create      bool
	Keyed       KeyedOptions
	Lookups     []string
	Changed     func(name string) bool
}
