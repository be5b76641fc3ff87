// Package crash kills a process that keeps grants, at random instants, and asks
// whether what it had answered still stands. It is tests alone:
//
//	go test ./bench/crash -run TestKilled -kills 1000 -timeout 2h
//	go test ./bench/crash -run TestHistories -operations 100000 -timeout 2h
//
// Several clients consent, issue, redeem, refresh, replay, end, revoke and read
// at once, in a child process that has the real store open. After each kill the
// store is opened again by the next child, all that there may be is read, and
// the calls of each person, with those that got no answer, have to be
// linearizable. Both print their seed; -seed makes the same choices again, as
// far as the machine keeps time.
package crash
