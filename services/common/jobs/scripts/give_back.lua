-- ARGV: 1 jobId, 2 token, 3 lease (ms).
local record = record_of(ARGV[1])
if not is_held(record, ARGV[2]) then return 'LOST' end
free_ticket(redis.call('HGET', record, 'ticket'), tonumber(ARGV[3]), 0)
redis.call('HDEL', record, 'token', 'worker')
redis.call('HINCRBY', record, 'attempts', -1)
set_status(record, 'waiting')
return 'HELD'
