package record

// Looks reports whether each record must be looked at.
func (p *Selection) Looks() bool {
	return p.Filters.Any() || !p.Failures.Keeps() && (p.Key.Serde != nil || p.Value.Serde != nil)
}
