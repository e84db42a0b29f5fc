package oauth

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/aws/aws-msk-iam-sasl-signer-go/signer"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
)

// MSK is an IAM identity of AWS that logs in to Amazon MSK: its keys sign the tokens. They are
// the default ones of AWS (variables, ~/.aws, the machine's role), or those of a profile, or of
// a role that such an identity assumes.
type MSK struct {
	Region, Profile, Role string
	// Timeout bounds the time to get the keys, which may ask AWS for them.
	Timeout time.Duration
}

// Token signs a token, which holds for a quarter of an hour.
func (m MSK) Token(ctx context.Context) (Token, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(m.Timeout, 10*time.Second))
	defer cancel()
	keys, err := m.keys(ctx)
	if err != nil {
		return Token{}, mskError(err)
	}
	text, millis, err := signer.GenerateAuthTokenFromCredentialsProvider(ctx, m.Region, keys)
	if err != nil {
		return Token{}, mskError(err)
	}
	return Token{Text: text, Expires: time.UnixMilli(millis)}, nil
}

func (m MSK) keys(ctx context.Context) (aws.CredentialsProvider, error) {
	options := []func(*config.LoadOptions) error{config.WithRegion(m.Region), config.WithLogger(logging.Nop{})}
	if m.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(m.Profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil || m.Role == "" {
		return cfg.Credentials, err
	}
	return stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), m.Role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "kstream"
	}), nil
}

func mskError(err error) error {
	return &Error{text: "AWS_MSK_IAM: no keys to sign with: " + oneLine(strings.ReplaceAll(err.Error(), "failed to ", ""))}
}
