package witness

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Authorizer reports whether the brokers keep ACLs.
func (w *Client) Authorizer(ctx context.Context) (bool, error) {
	req := kmsg.NewPtrDescribeACLsRequest()
	req.ResourceType = kmsg.ACLResourceTypeAny
	req.ResourcePatternType = kmsg.ACLResourcePatternTypeAny
	req.Operation = kmsg.ACLOperationAny
	req.PermissionType = kmsg.ACLPermissionTypeAny
	resp, err := req.RequestWith(ctx, w.c)
	if err != nil {
		return false, fmt.Errorf("describe ACLs: %w", err)
	}
	if resp.ErrorCode == kerr.SecurityDisabled.Code {
		return false, nil
	}
	return true, kerr.ErrorForCode(resp.ErrorCode)
}
