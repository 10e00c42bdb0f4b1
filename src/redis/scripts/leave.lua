-- Forgets a member. ARGV: 2 member.
members = members - redis.call('ZREM', acks_key, ARGV[2])
redis.call('HDEL', state_key, 'm:' .. ARGV[2])
redis.call('HSET', state_key, 'n', members)
return position()
