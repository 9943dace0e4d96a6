namespace EGoat.Signaling.Tests;

/// <summary>What waits for one socket: its bytes count from the moment they wait until they are sent or nobody is there.</summary>
public sealed class HubConnectionTests : IDisposable
{
    private readonly HubQueueBudget _budget = new(100);
    private readonly CancellationTokenSource _stop = new();
    private readonly SlowSocket _socket = new();
    private readonly HubConnection _connection;

    public HubConnectionTests() => _connection = new HubConnection(_socket, "192.0.2.1", maxQueuedBytes: 10, _budget, _stop);

    public void Dispose() => _stop.Dispose();

    [Fact]
    public void A_socket_that_as_much_waits_for_as_may_stays_and_one_byte_more_ends_it()
    {
        _connection.Send(new byte[4]);
        _connection.Send(new byte[6]);
        Assert.False(_stop.IsCancellationRequested);
        _connection.Send(new byte[1]);
        Assert.True(_stop.IsCancellationRequested);
        Assert.Equal(10, _budget.Used);
    }

    [Fact]
    public async Task What_was_sent_makes_room()
    {
        Task writing = _connection.WriteAsync(_stop.Token);
        for (int i = 0; i < 20; i++)
        {
            _connection.Send(new byte[8]);
            Assert.Equal(8, _budget.Used);
            Task sent = await _socket.TakeAsync();
            await sent;
            Assert.True(SpinWait.SpinUntil(() => _budget.Used == 0, TimeSpan.FromSeconds(30)));
        }

        Assert.False(_stop.IsCancellationRequested);
        _connection.Complete();
        await writing;
    }

    [Fact]
    public async Task What_is_said_after_the_end_is_not_kept()
    {
        _connection.Send(new byte[5]);
        _connection.Complete();
        _connection.Send(new byte[5]);
        Assert.Equal(5, _budget.Used);
        await _stop.CancelAsync();
        await _connection.WriteAsync(_stop.Token);
        Assert.Equal(0, _budget.Used);
    }

    [Fact]
    public async Task A_socket_that_is_not_written_to_any_longer_takes_nothing_more()
    {
        Task writing = _connection.WriteAsync(_stop.Token);
        _connection.Send(new byte[5]);
        await _stop.CancelAsync();
        await writing;
        _connection.Send(new byte[5]);
        Assert.Equal(0, _budget.Used);
    }

    [Fact]
    public void Ending_what_has_ended_does_no_harm()
    {
        _connection.End();
        _stop.Dispose();
        _connection.End();
        _connection.Send(new byte[11]);
        Assert.Equal(0, _budget.Used);
    }

    /// <summary>A socket that sends when it is told to.</summary>
    private sealed class SlowSocket : IMessageSocket
    {
        private readonly SemaphoreSlim _mayTake = new(0);
        private readonly SemaphoreSlim _maySend = new(0);
        private TaskCompletionSource _sent = new();

        /// <summary>Lets the next message through.</summary>
        public async Task<Task> TakeAsync()
        {
            Assert.True(await _mayTake.WaitAsync(TimeSpan.FromSeconds(30)));
            Task sent = _sent.Task;
            _maySend.Release();
            return sent;
        }

        public ValueTask<string?> ReceiveAsync(CancellationToken cancellationToken) => new((string?)null);

        public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
        {
            _sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _mayTake.Release();
            await _maySend.WaitAsync(cancellationToken);
            _sent.SetResult();
        }

        public ValueTask CloseAsync(string reason) => default;
    }
}
