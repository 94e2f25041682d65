-- The name.
return answer(redis.call('HGET', NOTES, ARGV[8]))
