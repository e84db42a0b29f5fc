// Package oauth gets the tokens that clients log in with by OAUTHBEARER (RFC 7628): from
// wherever their text comes ([Parse]), from a token endpoint ([Endpoint.Token]), or signed for
// Amazon MSK ([MSK.Token]).
//
// [Tokens] keeps the newest of them for all clients of a process:
//
//	tokens := oauth.Share(endpoint.Token)
//	token, err := tokens.Token(ctx)
//
// Errors name where the token was to come from, and never hold a token or a secret.
package oauth
