package pgtest

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Blocks tells whether a session waits for what that of holder has locked, with a
// statement that has those words in it. Others do not count: a store has sessions
// beside the one that is meant, which wait for each other and for tables, too.
func Blocks(ctx context.Context, look, holder *pgx.Conn, words string) (waiting bool, err error) {
	err = look.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid)) AND strpos(query, $2) > 0)`,
		int32(holder.PgConn().PID()), words).Scan(&waiting)
	return waiting, err
}
