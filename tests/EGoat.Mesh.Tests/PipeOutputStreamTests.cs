using System.IO.Pipes;

namespace EGoat.Mesh.Tests;

/// <summary>What goes into a pipe is delivered when its reader has taken it, and not before.</summary>
public sealed class PipeOutputStreamTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [LinuxFact]
    public async Task A_reader_that_has_taken_everything_and_then_closes_is_a_success()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using var reader = new AnonymousPipeClientStream(PipeDirection.In, pipe.ClientSafePipeHandle);
        using PipeOutputStream output = Create(pipe);
        var content = new byte[300_000];
        new Random(3).NextBytes(content);
        var read = new byte[content.Length];
        Task reading = Task.Run(() =>
        {
            reader.ReadExactly(read);
            reader.Dispose();
        });
        await output.WriteAsync(content).AsTask().WaitAsync(Limit);
        await output.FlushAsync().WaitAsync(Limit);
        await reading.WaitAsync(Limit);
        Assert.Equal(content, read);
    }

    [LinuxFact]
    public async Task A_reader_that_dies_fails_what_lies_in_the_pipe_and_what_follows()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        var reader = new AnonymousPipeClientStream(PipeDirection.In, pipe.ClientSafePipeHandle);
        using PipeOutputStream output = Create(pipe);
        await output.WriteAsync(new byte[1000]).AsTask().WaitAsync(Limit);
        Task flushing = output.FlushAsync();
        reader.ReadExactly(new byte[999]);
        Assert.False(flushing.IsCompleted);
        reader.Dispose();
        await Assert.ThrowsAsync<IOException>(() => flushing.WaitAsync(Limit));
        await Assert.ThrowsAsync<IOException>(() => output.WriteAsync(new byte[1000]).AsTask().WaitAsync(Limit));
    }

    [LinuxFact]
    public async Task A_write_into_a_pipe_whose_reader_pauses_can_be_cancelled()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using var reader = new AnonymousPipeClientStream(PipeDirection.In, pipe.ClientSafePipeHandle);
        using PipeOutputStream output = Create(pipe);
        using var stop = new CancellationTokenSource();
        Task writing = output.WriteAsync(new byte[10_000_000], stop.Token).AsTask();
        Assert.False(writing.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing.WaitAsync(Limit));
    }

    private static PipeOutputStream Create(AnonymousPipeServerStream pipe) => new(new Microsoft.Win32.SafeHandles.SafeFileHandle(pipe.SafePipeHandle.DangerousGetHandle(), ownsHandle: false), isPipe: true);
}
