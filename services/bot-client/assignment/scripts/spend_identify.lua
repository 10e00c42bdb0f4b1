-- KEYS: 1 of the shards with its rest. ARGV: 1 token, 2 ms in which no other one begins. Answers 1,
-- or 0 when the grant has lapsed.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], 'spent', 'PX', ARGV[2])
return 1
