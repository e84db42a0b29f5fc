//go:build unix

package registrytest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// SetLevel sets the compatibility that a registry demands of every subject.
func SetLevel(ctx context.Context, registry, level string) error {
	body := strings.NewReader(fmt.Sprintf(`{"compatibility":%q}`, level))
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, registry+"/config", body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		return fmt.Errorf("set the level to %s: %s: %s", level, resp.Status, text)
	}
	return nil
}
