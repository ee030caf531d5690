import asyncio
from tests.servers.chat_upstream import KEY as UK
def test_transport(upstream, upstream_url):
    from gateway.transport import HTTPTransport, Timeouts, Call
    async def go(streamed, close=False):
        upstream.forget()
        t = HTTPTransport(Timeouts())
        c = Call("x","POST",upstream_url+"/chat/completions",{"content-type":"application/json","authorization":"Bearer "+UK}, b'{"model":"stall","messages":[]}')
        async def s():
            async with t.stream(c) as x: pass
        task = asyncio.create_task(s() if streamed else t.send(c))
        await asyncio.to_thread(upstream.began.wait, 5)
        task.cancel()
        try: await task
        except asyncio.CancelledError: print("cancelled")
        if close: await t.close()
        print(streamed, close, "transport left", await asyncio.to_thread(upstream.left.wait, 3))
    asyncio.run(go(False)); asyncio.run(go(True)); asyncio.run(go(False, True)); 
