package pgtest

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Blocks tells whether some session waits for what that of holder has locked. Other
// waits do not count: a store's own sessions wait for each other, too, for a moment.
func Blocks(ctx context.Context, look, holder *pgx.Conn) (waiting bool, err error) {
	err = look.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid)))`, int32(holder.PgConn().PID())).Scan(&waiting)
	return waiting, err
}
