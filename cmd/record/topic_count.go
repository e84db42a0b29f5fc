package record

// Looks reports whether each record must be looked at.
func (s *Selection) Looks() bool {
	return s.Filters.Any() || !s.Failures.Keeps() && (s.Key.Serde != nil || s.Value.Serde != nil)
}
