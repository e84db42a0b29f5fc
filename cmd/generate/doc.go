// Package generate makes records with fake data from Go templates
// (text/template): `kstream produce --generate TEMPLATE`.
//
//	{"id": {{seq}}, "user": {{json name}}, "at": "{{timestamp}}", "cents": {{int 100 99999}}}
//
// The dot has the fields .N, the number of the record from 1, and .Key, the key
// that the key template made. These functions exist, besides those of
// text/template (index, len, printf, …):
//
//	seq                the number of the record, from 1; {{seq 100}} starts at 100
//	int MIN MAX        a whole number from MIN to MAX, both included
//	float MIN MAX      a number with a fraction
//	bool               true or false
//	pick A B …         one of its arguments
//	uuid               a random UUID (version 4)
//	hex N, digits N    N random digits, hexadecimal or decimal
//	base64 N           N random bytes in base64
//	randbytes N        N random bytes as they are
//	name firstname lastname username email phone
//	company job product color word
//	sentence N         N words; without N about ten
//	city country street zip latitude longitude
//	ipv4 ipv6 url domain useragent
//	date               a day of the last ten years, 2026-11-22
//	now                the time now, RFC 3339 with milliseconds
//	timestamp          the same as milliseconds since the epoch
//	add A B, mod A B   sum, and remainder: {{mod seq 10}}
//	upper TEXT, lower TEXT
//	json VALUE         VALUE as JSON: a string gets its quotes and escapes
//
// With a seed the same templates make the same records, but for now and timestamp.
package generate
