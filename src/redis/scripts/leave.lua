-- Forgets a member, which serves nothing any more. ARGV: 2 member.
members = members - redis.call('ZREM', acks_key, ARGV[2])
forget_lapsed(ARGV[2])
save()
return position()
