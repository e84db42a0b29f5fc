// Package group looks at groups without joining them, and moves their offsets.
//
// A [Snapshot] is what is known of a group at one moment; [WatchOptions.Run] takes one
// after the other. A [Shift] is a plan of new offsets, which is shown before it is done.
//
// Reading order: snapshot.go, watch.go, changes.go, item.go and metrics.go for looking;
// shift.go, stored.go and file.go for offsets.
package group
