package odootest

// SetGroup puts a login of the first database into the group with that XML id,
// or takes it out. It panics for a login or group that does not exist.
func (s *Server) SetGroup(login, xmlid string, in bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, u := s.mustFind(s.main.name, login)
	if !s.main.engine.db.SetGroup(u.id, xmlid, in) {
		panic("odootest: no group " + xmlid)
	}
}

// RemoveAPIKeys deletes all keys of a login in the first database, as the
// person does in their profile.
func (s *Server) RemoveAPIKeys(login string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, u := s.mustFind(s.main.name, login)
	rows := s.main.engine.sudo(1, "res.users.apikeys", "search", []any{[]any{[]any{"user_id", "=", u.id}}}, nil)
	for _, id := range asList(rows) {
		if id, ok := asInt(id); ok {
			s.main.removeKey(id)
		}
	}
}
