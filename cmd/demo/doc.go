// Package demo shows five members and a producer at work on an embedded broker.
package demo
