using Sim.Core;

namespace Sim.Vfio.Kernel;

/// <summary>The kernel's log levels, with their numbers.</summary>
public enum KernelLogLevel
{
    /// <summary>KERN_EMERG.</summary>
    Emergency = 0,

    /// <summary>KERN_ERR.</summary>
    Error = 3,

    /// <summary>KERN_WARNING.</summary>
    Warning = 4,

    /// <summary>KERN_INFO.</summary>
    Info = 6,
}

/// <summary>One line of the kernel log.</summary>
/// <param name="Time">When it was written.</param>
/// <param name="Level">Its level.</param>
/// <param name="Text">The text behind the time stamp, such as "pcieport 0000:00:1c.0: AER: device recovery successful".</param>
public readonly record struct KernelLogLine(SimTime Time, KernelLogLevel Level, string Text)
{
    private const long FemtosecondsPerMicrosecond = 1_000_000_000;

    /// <summary>As dmesg prints it: seconds and microseconds since power-on, the seconds in at least five columns.</summary>
    public override string ToString()
    {
        var microseconds = Time.Femtoseconds / FemtosecondsPerMicrosecond;
        return $"[{microseconds / 1_000_000,5}.{microseconds % 1_000_000:D6}] {Text}";
    }
}

/// <summary>The log of one host's kernel.</summary>
public sealed class KernelLog(Simulator sim)
{
    private readonly List<KernelLogLine> _lines = [];

    /// <summary>Every line so far, oldest first.</summary>
    public IReadOnlyList<KernelLogLine> Lines => _lines;

    /// <summary>Each line as it is written.</summary>
    public Probe<KernelLogLine> Written { get; } = new();

    /// <summary>Whether the kernel still writes: after the last words of a panic nothing follows.</summary>
    public bool IsOpen { get; private set; } = true;

    /// <summary>Ends the log for good.</summary>
    internal void Close() => IsOpen = false;

    /// <summary>Appends a line at the present time.</summary>
    public void Write(KernelLogLevel level, string text)
    {
        if (!IsOpen) return;
        var line = new KernelLogLine(sim.Now, level, text);
        _lines.Add(line);
        if (Written.IsObserved) Written.Emit(sim.Now, line);
    }

    /// <summary>Appends lines at the present time.</summary>
    public void Write(KernelLogLevel level, IEnumerable<string> texts)
    {
        foreach (var text in texts) Write(level, text);
    }
}
