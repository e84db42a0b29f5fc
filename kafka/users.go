package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// ErrNoUsers is returned if the brokers cannot store SCRAM users (KIP-554).
var ErrNoUsers = errors.New("the brokers keep no SCRAM users")

// UnknownUserError is the error for a user without credentials. It lists the users that
// have some.
type UnknownUserError struct {
	User     string
	Existing []string
}

func (e *UnknownUserError) Error() string { return e.User + ": no such user" }

// The bounds that Kafka's brokers set for the rounds of a SCRAM hash.
const (
	MinIterations = 4096
	MaxIterations = 16384
)

// ScramMechanisms returns the SASL mechanisms for which brokers store credentials.
func ScramMechanisms() []string { return []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} }

// User is a user of a cluster, with a credential for each mechanism by which they can log
// in. Brokers never return salts or hashes.
type User struct {
	Name        string
	Credentials []Credential // by mechanism
}

// Credential is what brokers return of a stored password (RFC 5802).
type Credential struct {
	Mechanism  string
	Iterations int
}

// Users returns the users whose credentials are stored in the cluster, sorted by name.
func (a *Admin) Users(ctx context.Context) ([]User, error) {
	if _, err := a.mayDescribe(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	result, err := a.client.DescribeUserScramCredentials(ctx, nil, requestWithin(a.cfg.timeout()))
	if err != nil {
		return nil, a.explainUser(err)
	}
	users := []User{}
	for _, name := range slices.Sorted(maps.Keys(result.Descriptions)) {
		d := result.Descriptions[name]
		if d.Error.Code() == ck.ErrResourceNotFound {
			continue // deleted meanwhile
		}
		if d.Error.Code() != ck.ErrNoError {
			return nil, fmt.Errorf("%s: %w", name, a.explainUser(d.Error))
		}
		user := User{Name: name}
		for _, c := range d.ScramCredentialInfos {
			user.Credentials = append(user.Credentials, Credential{c.Mechanism.String(), c.Iterations})
		}
		slices.SortFunc(user.Credentials, func(a, b Credential) int { return cmp.Compare(a.Mechanism, b.Mechanism) })
		users = append(users, user)
	}
	return users, nil
}

// SetPassword sets or replaces the password of a user for a mechanism, and creates the user
// if there is none. The password is hashed by this process, with a random salt and
// c's number of iterations, and is not sent to the brokers. SetPassword returns when the
// brokers show the user.
func (a *Admin) SetPassword(ctx context.Context, name string, c Credential, password []byte) error {
	mechanism, err := ck.ScramMechanismFromString(c.Mechanism)
	if err != nil {
		return fmt.Errorf("%w: mechanism %s: want one of %v", ErrProperty, c.Mechanism, ScramMechanisms())
	}
	upsertion := ck.UserScramCredentialUpsertion{
		User: name, ScramCredentialInfo: ck.ScramCredentialInfo{Iterations: c.Iterations, Mechanism: mechanism}, Password: password,
	}
	return a.alterUser(ctx, name, []ck.UserScramCredentialUpsertion{upsertion}, nil, func(u *User) bool {
		return slices.Contains(u.Credentials, c)
	})
}

// DeletePassword deletes the password of a user for a mechanism, and with the last one the
// user. It returns when the brokers no longer show it.
func (a *Admin) DeletePassword(ctx context.Context, name, mechanism string) error {
	number, err := ck.ScramMechanismFromString(mechanism)
	if err != nil {
		return fmt.Errorf("%w: mechanism %s: want one of %v", ErrProperty, mechanism, ScramMechanisms())
	}
	deletion := ck.UserScramCredentialDeletion{User: name, Mechanism: number}
	return a.alterUser(ctx, name, nil, []ck.UserScramCredentialDeletion{deletion}, func(u *User) bool {
		return !slices.ContainsFunc(u.Credentials, func(c Credential) bool { return c.Mechanism == mechanism })
	})
}

// alterUser makes one change and waits until it shows: done looks at the user, or at one
// without credentials.
func (a *Admin) alterUser(ctx context.Context, name string, set []ck.UserScramCredentialUpsertion, remove []ck.UserScramCredentialDeletion, done func(*User) bool) error {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	result, err := a.client.AlterUserScramCredentials(ctx, set, remove, requestWithin(a.cfg.timeout()))
	if err != nil {
		return fmt.Errorf("%s: %w", name, a.explainUser(err))
	}
	failure, answered := result.Errors[name]
	switch {
	case !answered:
		return fmt.Errorf("%s: %w: the broker did not answer for it", name, ErrFailed)
	case failure.Code() == ck.ErrResourceNotFound:
		return &UnknownUserError{User: name}
	case failure.Code() != ck.ErrNoError:
		return fmt.Errorf("%s: %w", name, a.explainUser(failure))
	}
	for {
		users, err := a.Users(ctx)
		if errors.Is(err, ErrDenied) {
			return nil
		}
		if err == nil {
			user := User{Name: name}
			if i := slices.IndexFunc(users, func(u User) bool { return u.Name == name }); i >= 0 {
				user = users[i]
			}
			if done(&user) {
				return nil
			}
			err = pause(ctx, pollInterval)
		}
		if err != nil {
			return fmt.Errorf("%s: changed, and not seen yet: %w", name, err)
		}
	}
}

// explainUser is explain for requests about users.
func (a *Admin) explainUser(err error) error {
	var ke ck.Error
	if errors.As(err, &ke) && ke.Code() == ck.ErrUnsupportedFeature {
		return ErrNoUsers
	}
	if errors.As(err, &ke) && ke.Code() == ck.ErrUnacceptableCredential {
		return fmt.Errorf("%w: %s", ErrProperty, ke.Error())
	}
	return a.cfg.deniedOn(explain(a.cfg, a.logs, err), "alter", "cluster", "")
}
