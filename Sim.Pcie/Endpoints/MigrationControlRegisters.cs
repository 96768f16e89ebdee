using System.Buffers.Binary;
using Sim.Core;
using static Sim.Pcie.Spec.MigrationControlBlock;

namespace Sim.Pcie.Endpoints;

/// <summary>How commands of a <see cref="Spec.MigrationControlBlock"/> go wrong in broken hardware.</summary>
/// <param name="Command">Which one.</param>
/// <param name="Hangs">It stays busy for ever instead of failing.</param>
public sealed record MigrationFault(uint Command, bool Hangs = false);

/// <summary>The registers of <see cref="Spec.MigrationControlBlock"/> in front of a migratable function.</summary>
internal sealed class MigrationControlRegisters
{
    private readonly Simulator _sim;
    private readonly IMigratableFunction _function;
    private readonly SimEvent _done;
    private readonly byte[] _image = new byte[ImageSize];
    private byte[] _saved = [];
    private ulong _logBase;
    private int _logPages;
    private int _length;
    private bool _busy;
    private bool _failed;

    public MigrationControlRegisters(Simulator sim, IMigratableFunction function)
    {
        (_sim, _function) = (sim, function);
        _done = new SimEvent(sim, () => _busy = false);
    }

    /// <summary>How long the device stays busy after what a command asked for has happened.</summary>
    public SimDuration CommandTime { get; set; }

    /// <summary>What goes wrong; null if nothing does.</summary>
    public MigrationFault? Fault { get; set; }

    /// <summary>What the device writes to host memory.</summary>
    public WriteLog Log { get; } = new();

    public void Read(int at, Span<byte> destination)
    {
        if (at >= Image)
        {
            _image.AsSpan(at - Image, destination.Length).CopyTo(destination);
            return;
        }

        Span<byte> raw = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(raw, at switch
        {
            Status => StatusValue,
            ImageLength => (uint)_length,
            Features => FeatureBits(_function.Supports),
            ImageChanged => _function.SaveImage().AsSpan().SequenceEqual(_saved) ? 0u : 1,
            LogBase => _logBase,
            LogPages => (uint)_logPages,
            _ => 0,
        });
        destination.Clear();
        raw[..Math.Min(8, destination.Length)].CopyTo(destination);
    }

    public void Write(int at, ReadOnlySpan<byte> data)
    {
        if (at >= Image)
        {
            data.CopyTo(_image.AsSpan(at - Image));
        }
        else if (at == LogBase && data.Length == 8)
        {
            _logBase = BinaryPrimitives.ReadUInt64LittleEndian(data);
        }
        else if (data.Length == 4)
        {
            var value = BinaryPrimitives.ReadUInt32LittleEndian(data);
            if (at == ImageLength) _length = (int)Math.Min(value, ImageSize);
            else if (at == LogPages) _logPages = (int)Math.Min(value, MaxLogPages);
            else if (at == Command && !_busy) Execute(value);
        }
    }

    public void Reset()
    {
        Array.Clear(_image);
        Log.Stop();
        _saved = [];
        _done.Cancel();
        _length = _logPages = 0;
        _logBase = 0;
        _busy = _failed = false;
    }

    private uint StatusValue =>
        (_busy ? Busy : 0) | (_failed ? Failed : 0)
        | (_function.InitiatorSuspended ? InitiatorIsSuspended : 0) | (_function.ResponderSuspended ? ResponderIsSuspended : 0);

    private static uint FeatureBits(MigrationSupport supports) =>
        (supports.HasFlag(MigrationSupport.PeerToPeer) ? PeerToPeerState : 0)
        | (supports.HasFlag(MigrationSupport.PreCopy) ? PreCopyState : 0)
        | (supports.HasFlag(MigrationSupport.WriteLog) ? Spec.MigrationControlBlock.WriteLog : 0);

    private void Execute(uint command)
    {
        _failed = Fault is { Hangs: false } broken && broken.Command == command;
        _busy = Fault is { Hangs: true } stuck && stuck.Command == command;
        if (_failed || _busy) return;
        _busy = true;
        if (command == SuspendInitiator)
        {
            _function.SuspendInitiator(Finish);
            return;
        }

        Act(command);
        Finish();
    }

    private void Finish()
    {
        if (CommandTime > SimDuration.Zero) _done.ScheduleAt(_sim.Now + CommandTime);
        else _busy = false;
    }

    private void Act(uint command)
    {
        switch (command)
        {
            case SuspendResponder:
                _function.SuspendResponder();
                break;
            case ResumeResponder:
                _function.ResumeResponder();
                break;
            case ResumeInitiator:
                _function.ResumeInitiator();
                break;
            case Save:
                _saved = _function.SaveImage();
                _saved.CopyTo(_image, 0);
                _length = _saved.Length;
                break;
            case Load:
                _failed = !_function.LoadImage(_image.AsSpan(0, _length));
                break;
            case StartLog:
                _failed = !_function.Supports.HasFlag(MigrationSupport.WriteLog) || !Log.Start(_logBase, _logPages);
                break;
            case StopLog:
                Log.Stop();
                break;
            case ReadLog:
                _failed = !Log.Read(_logBase, _logPages, _image);
                break;
            default:
                _failed = true;
                break;
        }
    }
}
