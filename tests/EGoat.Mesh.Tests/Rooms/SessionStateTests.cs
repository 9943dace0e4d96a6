using EGoat.Mesh.Peers;

namespace EGoat.Mesh.Tests.Rooms;

public sealed class SessionStateTests
{
    private static readonly Dictionary<string, Action<SessionState>> Transitions = new()
    {
        ["Greet"] = s => s.Greet(),
        ["FallSilent"] = s => s.FallSilent(),
        ["Recover"] = s => s.Recover(),
        ["End"] = s => s.End(),
    };

    [Theory]
    [InlineData("", "Connecting")]
    [InlineData("Greet", "Connected")]
    [InlineData("Greet FallSilent", "Silent")]
    [InlineData("Greet FallSilent Recover", "Connected")]
    [InlineData("Greet FallSilent Greet", "Connected")]
    [InlineData("End", "Ended")]
    [InlineData("Greet End", "Ended")]
    [InlineData("Greet FallSilent End", "Ended")]
    public void Transitions_lead_where_their_names_say(string transitions, string state)
    {
        SessionState session = Run(transitions);
        Assert.Equal(state, session.ToString());
        Assert.Equal(
            (state == "Connecting", state == "Connected", state == "Silent", state == "Ended"),
            (session.IsConnecting, session.IsConnected, session.IsSilent, session.IsEnded));
    }

    [Theory]
    [InlineData("", "FallSilent")]
    [InlineData("", "Recover")]
    [InlineData("Greet", "Greet")]
    [InlineData("Greet", "Recover")]
    [InlineData("Greet FallSilent", "FallSilent")]
    [InlineData("End", "Greet")]
    [InlineData("End", "FallSilent")]
    [InlineData("End", "Recover")]
    [InlineData("End", "End")]
    public void A_transition_from_elsewhere_is_refused_and_changes_nothing(string before, string transition)
    {
        SessionState session = Run(before);
        string state = session.ToString();
        Assert.Throws<InvalidOperationException>(() => Transitions[transition](session));
        Assert.Equal(state, session.ToString());
    }

    private static SessionState Run(string transitions)
    {
        var session = new SessionState();
        foreach (string transition in transitions.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Transitions[transition](session);
        }

        return session;
    }
}
