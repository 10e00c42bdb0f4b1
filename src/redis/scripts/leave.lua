-- Forgets a member, which serves nothing any more. ARGV: 2 member, 3 channel of the acknowledgements.
local low_before = low_water()
members = members - redis.call('ZREM', acks_key, ARGV[2])
forget(function(member) return member == ARGV[2] end)
save()
tell_low_water(ARGV[3], epoch, low_before)
return position()
