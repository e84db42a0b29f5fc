package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/sr"
	"golang.org/x/sync/errgroup"

	"kstream/serde"
)

// atOnce is how many questions List asks at the same time.
const atOnce = 8

// Listing is what List lists.
type Listing struct {
	Prefix   string // of the subjects
	Versions bool   // all versions, not only the latest
	Deleted  bool   // also what was deleted, but not for good
}

// Listed is one version of a subject, without the text of its schema.
type Listed struct {
	serde.SchemaInfo
	Deleted bool
}

// List returns the subjects, sorted by name, each with its latest version or with all of
// them. What disappears meanwhile is left out.
func (c *Client) List(ctx context.Context, l Listing) ([]Listed, error) {
	live, err := c.subjects(ctx, l.Prefix, false)
	if err != nil {
		return nil, err
	}
	all := live
	if l.Deleted {
		if all, err = c.subjects(ctx, l.Prefix, true); err != nil {
			return nil, err
		}
	}
	lists := make([][]Listed, len(all))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, subject := range all {
		group.Go(func() (err error) { // ends with its question
			_, isLive := slices.BinarySearch(live, subject)
			lists[i], err = c.listOne(ctx, subject, l, isLive)
			if errors.Is(err, serde.ErrUnknownSchema) {
				err = nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(lists...), nil
}

func (c *Client) listOne(ctx context.Context, subject string, l Listing, isLive bool) ([]Listed, error) {
	if isLive && !l.Versions {
		s, err := c.BySubject(ctx, subject, -1)
		if err != nil {
			return nil, err
		}
		return []Listed{{SchemaInfo: s.SchemaInfo}}, nil
	}
	var live []int
	if isLive {
		var err error
		if live, err = c.Versions(ctx, subject, false); err != nil {
			return nil, err
		}
	}
	all := live
	if l.Deleted {
		var err error
		if all, err = c.Versions(ctx, subject, true); err != nil {
			return nil, err
		}
	}
	if !l.Versions {
		all = all[max(0, len(all)-1):]
	}
	var list []Listed
	for _, v := range all {
		s, err := c.deletedToo(ctx, subject, v)
		if err != nil {
			return nil, err
		}
		list = append(list, Listed{s.SchemaInfo, !slices.Contains(live, v)})
	}
	return list, nil
}

// deletedToo returns a version, also a deleted one.
func (c *Client) deletedToo(ctx context.Context, subject string, version int) (serde.Schema, error) {
	path, err := subjectPath(subject)
	if err != nil {
		return serde.Schema{}, err
	}
	return c.fetch(ctx, path+"/versions/"+strconv.Itoa(version), sr.ShowDeleted)
}

// subjects returns the names with a prefix, sorted.
func (c *Client) subjects(ctx context.Context, prefix string, deleted bool) ([]string, error) {
	var names []string
	err := c.ask(ctx, true, func(ctx context.Context, cl *sr.Client) (err error) {
		var params []sr.Param
		if prefix != "" {
			params = append(params, sr.SubjectPrefix(prefix))
		}
		if deleted {
			params = append(params, sr.ShowDeleted)
		}
		names, err = cl.Subjects(sr.WithParams(ctx, params...))
		return err
	})
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, prefix) }) // not all registries look at it
	slices.Sort(names)
	return slices.Compact(names), err
}

// Subjects returns the names of all subjects, sorted.
func (c *Client) Subjects(ctx context.Context) ([]string, error) { return c.subjects(ctx, "", false) }

// Versions returns the versions of a subject, ascending.
func (c *Client) Versions(ctx context.Context, subject string, deleted bool) ([]int, error) {
	if _, err := subjectPath(subject); err != nil {
		return nil, err
	}
	var versions []int
	err := c.ask(ctx, true, func(ctx context.Context, cl *sr.Client) (err error) {
		if deleted {
			ctx = sr.WithParams(ctx, sr.ShowDeleted)
		}
		versions, err = cl.SubjectVersions(ctx, subject)
		return err
	})
	slices.Sort(versions)
	return versions, err
}

// Use is a version of a subject.
type Use struct {
	Subject string
	Version int
}

// Uses returns the versions of subjects that have the schema of an id; nil where the
// registry cannot tell.
func (c *Client) Uses(ctx context.Context, id int) ([]Use, error) {
	var found []sr.SubjectVersion
	err := c.ask(ctx, true, func(ctx context.Context, cl *sr.Client) (err error) {
		found, err = cl.SchemaVersionsByID(ctx, id)
		return err
	})
	if c.lacks(err) {
		return nil, nil
	}
	var uses []Use
	for _, v := range found {
		uses = append(uses, Use(v))
	}
	return uses, err
}

// Users returns the ids of the schemas that refer to a version of a subject, ascending;
// nil where the registry cannot tell.
func (c *Client) Users(ctx context.Context, subject string, version int) ([]int, error) {
	path, err := subjectPath(subject)
	if err != nil {
		return nil, err
	}
	var ids []int
	err = c.ask(ctx, true, func(ctx context.Context, cl *sr.Client) error {
		return cl.Do(ctx, http.MethodGet, fmt.Sprintf("%s/versions/%d/referencedby", path, version), nil, &ids)
	})
	if c.lacks(err) || errors.Is(err, serde.ErrUnknownSchema) { // of what is deleted nobody knows
		return nil, nil
	}
	slices.Sort(ids)
	return ids, err
}

// Verdict is the registry's answer to Check.
type Verdict struct {
	Compatible bool
	Level      string   // BACKWARD, FULL_TRANSITIVE, …; empty where the registry does not tell
	Messages   []string // why not; some registries say nothing
}

// Check asks whether a schema may become the next version of a subject. It is compared
// with the latest version, or with all of them, in the way that Level names.
func (c *Client) Check(ctx context.Context, subject string, s serde.Schema, all bool) (Verdict, error) {
	if _, err := subjectPath(subject); err != nil {
		return Verdict{}, err
	}
	path := "/compatibility/subjects/" + url.PathEscape(subject) + "/versions"
	if !all {
		path += "/latest"
	}
	var verdict struct {
		Is       *bool    `json:"is_compatible"`
		Messages []string `json:"messages"`
	}
	err := c.ask(ctx, true, func(ctx context.Context, cl *sr.Client) error {
		if err := cl.Do(sr.WithParams(ctx, sr.Verbose), http.MethodPost, path, body(s), &verdict); err != nil {
			return err
		}
		if verdict.Is == nil {
			return &garbageError{"no is_compatible in it"}
		}
		return nil
	})
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Compatible: *verdict.Is, Level: c.level(ctx, subject)}
	for _, m := range verdict.Messages {
		v.Messages = append(v.Messages, c.short(m))
	}
	return v, nil
}

// level returns the compatibility that a subject demands, of its own or the registry's. A
// registry that does not follow defaultToGlobal (Apicurio 3) says NONE of a subject
// without a level of its own.
func (c *Client) level(ctx context.Context, subject string) string {
	own := "/config/" + url.PathEscape(subject)
	for _, question := range []struct {
		path   string
		params []sr.Param
	}{{own, []sr.Param{sr.DefaultToGlobal}}, {own, nil}, {"/config", nil}} {
		var level struct {
			Of string `json:"compatibilityLevel"`
		}
		err := c.ask(ctx, false, func(ctx context.Context, cl *sr.Client) error {
			return cl.Do(sr.WithParams(ctx, question.params...), http.MethodGet, question.path, nil, &level)
		})
		ambiguous := question.path == own && question.params == nil && level.Of == "NONE"
		if err == nil && level.Of != "" && !ambiguous {
			return c.short(level.Of)
		}
	}
	return ""
}

// Delete deletes a version of a subject, or all of them with version 0, and returns the
// versions that were deleted. Unless permanent is set, the schemas are still found by
// their ids, because records refer to them.
func (c *Client) Delete(ctx context.Context, subject string, version int, permanent bool) ([]int, error) {
	if _, err := subjectPath(subject); err != nil {
		return nil, err
	}
	defer c.cache.forget(subject)
	gone, err := c.deleteOnce(ctx, subject, version, sr.SoftDelete)
	if !permanent {
		return gone, err
	}
	if err != nil && !errors.Is(err, serde.ErrUnknownSchema) { // it may be deleted already
		return nil, err
	}
	return c.deleteOnce(ctx, subject, version, sr.HardDelete)
}

func (c *Client) deleteOnce(ctx context.Context, subject string, version int, how sr.DeleteHow) (gone []int, err error) {
	err = c.ask(ctx, false, func(ctx context.Context, cl *sr.Client) (err error) {
		if version == 0 {
			gone, err = cl.DeleteSubject(ctx, subject, how)
			return err
		}
		gone = []int{version}
		return cl.DeleteSchema(ctx, subject, version, how)
	})
	if err != nil {
		return nil, err
	}
	return gone, nil
}
