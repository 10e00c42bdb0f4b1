-- Registers a member and what it has applied. ARGV: 2 member, 3 epoch and 4 sequence that it has
-- applied, 5 its lease in milliseconds. Returns the position of the log.
--
-- A sequence of another epoch says nothing about this one; one beyond the log comes from a history
-- that this server has lost, and would acknowledge what has not been published yet.
local applied = 0
if ARGV[3] == epoch and tonumber(ARGV[4]) <= seq then applied = ARGV[4] end

members = members + redis.call('ZADD', acks_key, 'GT', applied, ARGV[2])
stamps = stamps + 1
lease = math.max(lease, tonumber(ARGV[5]))
redis.call('HSET', state_key, 'n', members, 'c', decimal(stamps), 't', decimal(lease),
    'm:' .. ARGV[2], decimal(stamps))
return position()
