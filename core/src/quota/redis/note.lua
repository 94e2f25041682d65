-- Name and value.
local before = redis.call('HGET', NOTES, ARGV[8])
redis.call('HSET', NOTES, ARGV[8], ARGV[9])
expire(NOTES)
return answer(before)
