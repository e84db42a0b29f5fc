// Package live shows the members of a consumer group while they run.
//
// [Snapshot] is what there is to see at one moment. [Render] makes a picture of it for
// a screen of any size: it is pure, so that what a terminal shows can be tested without
// one. [Run] shows one picture after the other, and turns keys into calls.
//
// The picture keeps to the 16 ANSI colours, asks the terminal nothing, and lets no text
// of strangers reach it as it is. Without colours members are told apart by their
// numbers, and without UTF-8 it is ASCII. What does not fit is summed up, never just
// left out.
package live
