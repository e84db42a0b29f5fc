// Package connect turns what a command line says about clusters and registries into
// connections.
//
// [Options] are the settings as typed. [Options.Plan] resolves them, with files, variables
// and contexts (package config), and refuses what cannot be; it looks up no secret and
// opens nothing. [Options.Connect] looks up the secrets and returns a [Cluster], which
// package kafka can open. [WithAdmin] connects for one question.
//
// Which properties a flag owns, and which act only through their flag, is one table
// ([OwnedProperties]); it is held against kafka.PropertyRules by a test.
package connect
