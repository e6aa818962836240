"""An explicit-state search over durable jobs: the real planner in a small abstract world.

`search` visits every state, breadth first; `world` is a state, `model` what can happen to it,
`runner` what a process does, `answers` how the server answers it, `server` the server itself,
`journal` and `rows` what is on disk, `invariants` what must hold. `settings` names what is
explored, and `rules` what is taken away to see a violation come back. The planner
(`anthropix_py.job._plan`, `_after`, `_view`, `_states`) is the real one; the rest is an
abstraction of the package, and a test compares rows and mirror with the real ones.

Three things keep the number of states small and hide no behaviour: ids of batches are made of
what they contain, so that states that differ only in the order of independent events are one;
what nobody has observed yet (the end of a batch, its outcomes, a stranger's batch) is decided when
somebody looks; and time passes only where somebody waits, or where a budget allows it.

Assumed, as in the protocol: a create takes effect and is listed within `settle`, unless a setting
says otherwise; a backup is restored after everything sent is listed, and within 29 days; nobody
deletes a batch that no walk has shown.
"""
