package embedded

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/sr"

	"kstream/serde/avro"
	"kstream/serde/jsonschema"
	"kstream/serde/protobuf"
	"kstream/serde/wire"
)

// versions lists the versions of a subject, in their order.
func (r *Registry) versions(subject string) (list []int) {
	r.ask("/subjects/"+subject+"/versions", &list)
	return list
}

// mayRegister returns the answer to who registers what may not be, or 0. The subject is as in
// the address.
func (r *Registry) mayRegister(ctx context.Context, subject string, body []byte) (status, code int, text string) {
	var s struct {
		ID int `json:"id"`
		sr.Schema
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return http.StatusUnprocessableEntity, 42201, err.Error()
	}
	var mode struct{ Mode string }
	r.ask("/mode/"+subject, &mode)
	switch {
	case strings.HasPrefix(mode.Mode, "READONLY"):
		return http.StatusUnprocessableEntity, 42205, subject + " is in read-only mode"
	case s.ID > 0 && mode.Mode != "IMPORT":
		return http.StatusUnprocessableEntity, 42205, subject + " is not in import mode"
	case mode.Mode == "IMPORT":
		return 0, 0, ""
	}
	if err := r.valid(ctx, s.Schema); err != nil {
		return http.StatusUnprocessableEntity, 42201, "Invalid schema: " + err.Error()
	}
	if status, _ := r.apply(change{http.MethodPost, "/subjects/" + subject, body}); status == http.StatusOK {
		return 0, 0, "" // it is registered already
	}
	if reasons := r.disagreements(ctx, subject, s.Schema, 0); reasons != nil {
		return http.StatusConflict, 409, "Schema being registered is incompatible with an earlier schema: " + strings.Join(reasons, "; ")
	}
	return 0, 0, ""
}

// serveCheck answers POST /compatibility/subjects/SUBJECT/versions, or …/versions/VERSION.
func (r *Registry) serveCheck(ctx context.Context, w http.ResponseWriter, parts []string, body []byte) {
	var s sr.Schema
	if err := json.Unmarshal(body, &s); err != nil {
		refuse(w, http.StatusUnprocessableEntity, 42201, err.Error())
		return
	}
	if err := r.valid(ctx, s); err != nil {
		refuse(w, http.StatusUnprocessableEntity, 42201, "Invalid schema: "+err.Error())
		return
	}
	version := 0
	if len(parts) > 4 && parts[4] == "latest" {
		if list := r.versions(parts[2]); len(list) > 0 {
			version = list[len(list)-1]
		}
	} else if len(parts) > 4 {
		version, _ = strconv.Atoi(parts[4]) // 0: all that count
	}
	reasons := r.disagreements(ctx, parts[2], s, version)
	answer, err := json.Marshal(map[string]any{"is_compatible": reasons == nil, "messages": append([]string{}, reasons...)})
	if err != nil {
		refuse(w, http.StatusInternalServerError, 50001, err.Error())
		return
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(answer) // who has gone needs none
}

// disagreements says why a schema does not go with the versions of a subject that its level
// names, or with one version.
func (r *Registry) disagreements(ctx context.Context, subject string, s sr.Schema, version int) (reasons []string) {
	var config struct {
		Level string `json:"compatibilityLevel"`
	}
	r.ask("/config/"+subject, &config)
	level, transitive := strings.CutSuffix(config.Level, "_TRANSITIVE")
	list := r.versions(subject)
	switch {
	case level == "NONE" || len(list) == 0:
		return nil
	case version > 0:
		list = []int{version}
	case !transitive:
		list = list[len(list)-1:]
	}
	for _, v := range list {
		var old sr.SubjectSchema
		if !r.ask(fmt.Sprintf("/subjects/%s/versions/%d", subject, v), &old) {
			continue
		}
		if old.Type != s.Type {
			reasons = append(reasons, fmt.Sprintf("version %d is %s, not %s", v, old.Type, s.Type))
			continue
		}
		if level == "BACKWARD" || level == "FULL" {
			if err := r.readable(ctx, old.Schema, s); err != nil {
				reasons = append(reasons, fmt.Sprintf("what version %d wrote cannot be read with it: %v", v, err))
			}
		}
		if level == "FORWARD" || level == "FULL" {
			if err := r.readable(ctx, s, old.Schema); err != nil {
				reasons = append(reasons, fmt.Sprintf("what it writes cannot be read with version %d: %v", v, err))
			}
		}
	}
	return reasons
}

// imports are the schemas that one refers to, each after those that it refers to itself.
func (r *Registry) imports(s sr.Schema, seen map[string]bool) (list []wire.Import) {
	for _, ref := range s.References {
		if seen[ref.Name] {
			continue
		}
		seen[ref.Name] = true
		if found, ok := r.store.GetSchema(ref.Subject, ref.Version); ok {
			list = append(append(list, r.imports(found.Schema, seen)...), wire.Import{Name: ref.Name, Text: found.Schema.Schema})
		}
	}
	return list
}

func (r *Registry) avro(s sr.Schema) (*avro.Schema, error) {
	var texts []string
	for _, i := range r.imports(s, map[string]bool{}) {
		texts = append(texts, i.Text)
	}
	return avro.ParseSchema(s.Schema, texts...)
}

// valid returns nil if a schema can be used.
func (r *Registry) valid(ctx context.Context, s sr.Schema) error {
	imports := r.imports(s, map[string]bool{})
	switch s.Type {
	case sr.TypeProtobuf:
		return protobuf.Check(ctx, s.Schema, imports)
	case sr.TypeJSON:
		return jsonschema.Check(s.Schema, imports)
	}
	_, err := r.avro(s)
	return err
}

// readable returns nil if what one schema writes another reads.
func (r *Registry) readable(ctx context.Context, writer, reader sr.Schema) error {
	w, o := r.imports(writer, map[string]bool{}), r.imports(reader, map[string]bool{})
	switch reader.Type {
	case sr.TypeProtobuf:
		return protobuf.Compatible(ctx, writer.Schema, reader.Schema, w, o)
	case sr.TypeJSON:
		return jsonschema.Compatible(writer.Schema, reader.Schema, w, o)
	}
	from, err := r.avro(writer)
	if err != nil {
		return err
	}
	to, err := r.avro(reader)
	if err != nil {
		return err
	}
	return avro.Compatible(from, to)
}
