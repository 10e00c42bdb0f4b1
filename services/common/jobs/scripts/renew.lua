-- ARGV: 1 jobId, 2 token. The ticket's idle time begins anew.
local record = record_of(ARGV[1])
if not is_held(record, ARGV[2]) then return 'LOST' end
local lease = redis.call('HMGET', record, 'worker', 'ticket')
redis.call('XCLAIM', stream, group, lease[1], 0, lease[2], 'IDLE', 0, 'JUSTID')
return 'HELD'
