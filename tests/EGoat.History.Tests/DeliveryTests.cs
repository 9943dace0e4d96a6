using Microsoft.Extensions.Time.Testing;

namespace EGoat.History.Tests;

public sealed class DeliveryTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("egoat-history-").FullName;
    private readonly FakeTimeProvider _time = new(Noon.AddDays(10));
    private HistoryStore _store = null!;

    public Task InitializeAsync()
    {
        _store = Open();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_delivery_comes_back_as_it_was_and_is_replaced_by_its_later_state()
    {
        EGoatDelivery waiting = Delivery("1", "bob") with { Reason = "bob is not there." };
        await _store.PutDeliveriesAsync([waiting, Delivery("1", "carol"), Delivery("2", "bob")], default);
        Assert.Equal([waiting, Delivery("1", "carol")], await _store.GetDeliveriesAsync(["1"], default));

        EGoatDelivery confirmed = waiting with { State = EGoatDeliveryState.Confirmed, Reason = null, At = Noon.AddHours(1), Peer = "bobby" };
        await _store.PutDeliveriesAsync([confirmed], default);
        Assert.Equal([confirmed, Delivery("1", "carol"), Delivery("2", "bob")], await _store.GetDeliveriesAsync(["2", "1", "nothing", "'\"]"], default));
        Assert.Empty(await _store.GetDeliveriesAsync([], default));
    }

    [Fact]
    public async Task What_is_confirmed_stays_confirmed()
    {
        EGoatDelivery confirmed = Delivery("1", "bob") with { State = EGoatDeliveryState.Confirmed };
        await _store.PutDeliveriesAsync([confirmed], default);
        await _store.PutDeliveriesAsync([Delivery("1", "bob") with { At = Noon.AddHours(1) }], default);
        await _store.PutDeliveriesAsync([confirmed with { State = EGoatDeliveryState.NotConfirmed, Reason = "bob left." }], default);
        Assert.Equal([confirmed], await _store.GetDeliveriesAsync(["1"], default));
    }

    [Fact]
    public async Task What_was_given_up_can_wait_again_and_be_confirmed_late()
    {
        EGoatDelivery givenUp = Delivery("1", "bob") with { State = EGoatDeliveryState.NotConfirmed, Reason = "bob left." };
        EGoatDelivery again = Delivery("1", "bob") with { At = Noon.AddHours(1) };
        await _store.PutDeliveriesAsync([givenUp], default);
        await _store.PutDeliveriesAsync([again], default);
        Assert.Equal([again], await _store.GetDeliveriesAsync(["1"], default));
    }

    [Fact]
    public async Task Asking_again_does_not_prolong_the_wait()
    {
        await _store.PutDeliveriesAsync([Delivery("1", "bob")], default);
        await _store.PutDeliveriesAsync([Delivery("1", "bob") with { At = Noon.AddDays(1) }], default);
        Assert.Equal(Noon, Assert.Single(await _store.GetDeliveriesAsync(["1"], default)).At);
    }

    [Fact]
    public async Task What_waits_for_an_identity_in_a_room_comes_oldest_first_and_outlives_the_process()
    {
        for (int i = 0; i < 5; i++)
        {
            await _store.AddMessageAsync(Message($"{i}"), default);
        }

        await _store.AddMessageAsync(Message("elsewhere") with { Room = "attic" }, default);
        await _store.AddMessageAsync(Message("3") with { FromIdentity = "another", Text = "the same id from another", Direction = EGoatDirection.Received }, default);
        await _store.PutDeliveriesAsync(
            [
                Delivery("3", "bob"), Delivery("1", "bob"), Delivery("0", "bob") with { State = EGoatDeliveryState.Confirmed },
                Delivery("4", "bob") with { State = EGoatDeliveryState.NotConfirmed }, Delivery("2", "carol"), Delivery("elsewhere", "bob") with { Room = "attic" },
                Delivery("unknown", "bob"),
            ],
            default);
        await _store.DisposeAsync();
        _store = Open();

        IReadOnlyList<EGoatMessage> waiting = await _store.GetWaitingAsync("lobby", "id-bob", default);
        Assert.Equal(["1", "3"], waiting.Select(m => m.Id));
        Assert.Equal(Message("1") with { Sequence = 2 }, waiting[0]);
        Assert.Equal("elsewhere", Assert.Single(await _store.GetWaitingAsync("attic", "id-bob", default)).Id);
        Assert.Empty(await _store.GetWaitingAsync("lobby", "id-dave", default));
    }

    [Fact]
    public async Task What_waits_too_long_is_given_up_with_a_reason()
    {
        await _store.PutDeliveriesAsync([Delivery("1", "bob"), Delivery("2", "bob") with { At = Noon.AddDays(1) }, Delivery("3", "bob") with { State = EGoatDeliveryState.Confirmed }], default);
        EGoatDelivery expired = Assert.Single(await _store.ExpireDeliveriesAsync(Noon.AddDays(1), 100, default));
        Assert.Equal(
            Delivery("1", "bob") with { State = EGoatDeliveryState.NotConfirmed, Reason = "The recipient was not in the room again in time.", At = _time.GetUtcNow() },
            expired);
        Assert.Equal(
            [expired, Delivery("2", "bob") with { At = Noon.AddDays(1) }, Delivery("3", "bob") with { State = EGoatDeliveryState.Confirmed }],
            await _store.GetDeliveriesAsync(["1", "2", "3"], default));
        Assert.Empty(await _store.ExpireDeliveriesAsync(Noon.AddDays(1), 100, default));
    }

    [Fact]
    public async Task Of_too_many_that_wait_for_one_recipient_the_oldest_are_given_up()
    {
        await _store.PutDeliveriesAsync([.. Enumerable.Range(0, 10).Select(i => Delivery($"{i}", "bob") with { Room = i % 2 == 0 ? "lobby" : "attic", At = Noon.AddMinutes(i) })], default);
        await _store.PutDeliveriesAsync([.. Enumerable.Range(0, 3).Select(i => Delivery($"{i}", "carol"))], default);
        IReadOnlyList<EGoatDelivery> expired = await _store.ExpireDeliveriesAsync(Noon, 3, default);
        Assert.Equal(["0", "1", "2", "3", "4", "5", "6"], expired.Select(d => d.MessageId).Order());
        Assert.All(expired, d => Assert.Equal(("id-bob", EGoatDeliveryState.NotConfirmed, "Too many messages were waiting for the recipient."), (d.PeerIdentity, d.State, d.Reason)));
        Assert.Equal(3, (await _store.ExpireDeliveriesAsync(Noon, 0, default)).Count(d => d.PeerIdentity == "id-carol"));
    }

    private static EGoatDelivery Delivery(string message, string peer) => new()
    {
        MessageId = message, Room = "lobby", Peer = peer, PeerIdentity = $"id-{peer}", State = EGoatDeliveryState.Waiting, At = Noon,
    };

    private static EGoatMessage Message(string id) => new()
    {
        Id = id, Room = "lobby", From = "ada", FromIdentity = "id-ada", Text = "hello", SentAt = Noon, ReceivedAt = Noon, Direction = EGoatDirection.Sent,
    };

    private HistoryStore Open() => HistoryStore.Open(Path.Combine(_folder, "chat.db"), new HistoryOptions { Time = _time });
}
