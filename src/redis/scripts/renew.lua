-- Registers a member and what it has applied. ARGV: 2 member, 3 epoch and 4 sequence that it has
-- applied, 5 its lease in milliseconds, 6 channel of the acknowledgements. Returns the position of the log.
--
-- A sequence of another epoch says nothing about this one; one beyond the log comes from a history
-- that this server has lost, and would acknowledge what has not been published yet.
local low_before = low_water()
local applied = 0
if ARGV[3] == epoch and tonumber(ARGV[4]) <= seq then applied = ARGV[4] end
members = members + redis.call('ZADD', acks_key, 'GT', applied, ARGV[2])

local held = math.max(held_by(fields[4]) or 0, tonumber(ARGV[5]))
local lapses = lapses_if_renewed_now(held)
renewals = renewals + 1
redis.call('HSET', state_key, 'x:' .. ARGV[2], decimal(renewals), 'c', decimal(renewals))
set_held(ARGV[2], held, lapses)
lease = math.max(lease, held)
if not due or clock > due or not number(state[7]) then
    forget(function() return false end)
else
    due = math.min(due, lapses)
end
save()
tell_low_water(ARGV[6], epoch, low_before)
return position()
