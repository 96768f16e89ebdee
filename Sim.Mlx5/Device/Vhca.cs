using System.Buffers.Binary;
using Sim.Core;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

/// <summary>
/// A virtual HCA: the objects that a driver created on one function, and the events that they raise. All of it migrates.
/// </summary>
internal sealed class Vhca
{
    private const int MaxEqs = 64;
    private const int MaxCqs = 1024;
    private const int MaxQps = 1024;
    private const int MaxMkeys = 4096;
    private const uint CqOverrunSyndrome = 1;

    private readonly Mlx5Function _function;
    private readonly byte[] _eqe = new byte[Eqe.Size];

    public Vhca(Mlx5Function function, int uars)
    {
        _function = function;
        Uars = new NumberPool(BarLayout.FirstUar, uars);
        Sends = new SendEngine(function, this);
        Receives = new ReceiveEngine(function, this);
    }

    public HcaPhase Phase { get; set; }

    public uint Issi { get; set; }

    /// <summary>Command signatures in force: <see cref="HcaCapabilities.CommandChecksum"/>.</summary>
    public uint CommandChecksum { get; set; } = HcaCapabilities.ChecksumInitial;

    /// <summary>Pages that the driver gave to firmware.</summary>
    public List<ulong> Pages { get; } = [];

    public NumberPool Uars { get; }

    public NumberPool Pds { get; } = new(1, 256);

    public ResourceTable<Eq> Eqs { get; } = new(1, MaxEqs);

    public ResourceTable<Cq> Cqs { get; } = new(0x400, MaxCqs);

    public ResourceTable<Qp> Qps { get; } = new(0x100, MaxQps);

    public ResourceTable<Mkey> Mkeys { get; } = new(0x1000, MaxMkeys);

    public SendEngine Sends { get; }

    public ReceiveEngine Receives { get; }

    /// <summary>GIDs of the function, one behind the other.</summary>
    public byte[] Gids { get; } = new byte[RoceAddress.TableSize * RoceAddress.GidSize];

    public void Reset()
    {
        Phase = HcaPhase.Disabled;
        Issi = 0;
        CommandChecksum = HcaCapabilities.ChecksumInitial;
        Pages.Clear();
        ReleaseObjects();
        Sends.Reset();
        Receives.Reset();
    }

    /// <summary>Every object ends with TEARDOWN_HCA.</summary>
    public void ReleaseObjects()
    {
        foreach (var cq in Cqs.Slots) cq?.Timer?.Cancel();
        Array.Clear(Gids);
        Uars.Clear();
        Pds.Clear();
        Eqs.Clear();
        Cqs.Clear();
        ReleaseQps();
        Mkeys.Clear();
    }

    /// <summary>The key of a value that software uses as lkey or rkey.</summary>
    public Mkey? FindMkey(uint key) => Mkeys[key >> 8];

    /// <summary>Whether a GID is one of this function.</summary>
    public bool HasGid(ReadOnlySpan<byte> gid)
    {
        for (var at = 0; at < Gids.Length; at += RoceAddress.GidSize)
        {
            if (gid.ContainsAnyExcept((byte)0) && gid.SequenceEqual(Gids.AsSpan(at, RoceAddress.GidSize))) return true;
        }

        return false;
    }

    /// <summary>A QP fails: both its queues are flushed. With an event if a cause is given and it had not failed before.</summary>
    public void Fail(Qp qp, EventType? cause = null)
    {
        if (qp.State != QpState.Error && cause is { } type) RaiseEvent(type, Eqe.EventQp, qp.Number);
        qp.State = QpState.Error;
        Receives.Flush(qp);
        Sends.Start(qp);
    }

    /// <summary>Writes a completion entry, whose owner bit comes last, and notifies.</summary>
    /// <returns>False if the function may not write.</returns>
    public bool PostCompletion(Cq cq, Span<byte> cqe, CqeOpcode opcode, bool solicited)
    {
        cqe[Cqe.OpcodeAndOwner] = (byte)(((int)opcode << 4) | cq.NextOwner);
        if (!_function.WriteMemory(cq.NextEntry, cqe)) return false;
        cq.Advance(solicited);
        Notify(cq);
        return true;
    }

    /// <summary>Raises an event that EQs subscribe to.</summary>
    public void RaiseEvent(EventType type, BitField field, uint value)
    {
        foreach (var eq in Eqs.Slots)
        {
            if (eq is null || !eq.Subscribes(type)) continue;
            PostEvent(eq, type, field, value);
            return;
        }
    }

    public void RaiseCqError(Cq cq)
    {
        cq.Failed = true;
        foreach (var eq in Eqs.Slots)
        {
            if (eq is null || !eq.Subscribes(EventType.CqError)) continue;
            Eqe.ErrorSyndrome.Set(_eqe, CqOverrunSyndrome);
            PostEvent(eq, EventType.CqError, Eqe.ErrorCq, cq.Number);
            return;
        }
    }

    /// <summary>Sends the completion event of a CQ if it is armed for what is there, moderation permitting.</summary>
    public void Notify(Cq cq, bool moderate = true)
    {
        if (_function.InitiatorStopped || !cq.Armed || cq.News == 0) return;
        if (moderate && cq.PeriodMicroseconds > 0 && cq.News < cq.MaxCount)
        {
            var timer = cq.Timer ??= TimerOf(cq);
            if (!timer.IsPending) timer.ScheduleAfter(SimDuration.FromMicroseconds(cq.PeriodMicroseconds));
            return;
        }

        cq.Timer?.Cancel();
        cq.Armed = false;
        cq.ArmSequence = (cq.ArmSequence + 1) & 3;
        if (Eqs[cq.EqNumber] is { } eq) PostEvent(eq, EventType.Completion, Eqe.CompletionCq, cq.Number);
    }

    // Apart from its caller: a closure is allocated where its method begins.
    private SimEvent TimerOf(Cq cq) => new(_function.Sim, () => Notify(cq, moderate: false));

    /// <summary>Raises the interrupt of an EQ if it is armed and has events.</summary>
    public void Interrupt(Eq eq)
    {
        if (!eq.Armed || eq.Outstanding == 0) return;
        eq.Armed = false;
        _function.MsixTable.Raise(eq.Vector);
    }

    /// <summary>The initiator runs again: what was asked for meanwhile happens now.</summary>
    public void Resume()
    {
        foreach (var cq in Cqs.Slots)
        {
            if (cq is not null) Notify(cq, moderate: false);
        }

        foreach (var eq in Eqs.Slots)
        {
            if (eq is not null) Interrupt(eq);
        }

        foreach (var qp in Qps.Slots)
        {
            if (qp is not null) Sends.Start(qp);
        }
    }

    /// <summary>A write to a UAR page. Only objects that were created with this UAR listen.</summary>
    public void WriteUar(uint uar, int offset, ReadOnlySpan<byte> data)
    {
        if (!Uars.Contains(uar)) return;
        if (_function.InitiatorStopped && _function.Options.SuspendedDoorbell == SuspendedDoorbell.Discard) return;
        switch (offset)
        {
            case UarPage.EqArm or UarPage.EqUpdate when data.Length >= 4:
                if (Eqs[UarPage.EqNumber.Get(data)] is { } eq && eq.Uar == uar)
                {
                    eq.Consumer = UarPage.ConsumerIndex.Get(data);
                    eq.Armed |= offset == UarPage.EqArm;
                    Interrupt(eq);
                }

                break;
            case UarPage.CqArm when data.Length >= 8:
                if (Cqs[UarPage.CqNumber.Get(data)] is { } cq && cq.Uar == uar) Arm(cq, data);
                break;
            case UarPage.SqDoorbell or UarPage.SqDoorbellAlternate when data.Length >= SendWqe.BasicBlock:
                if (Qps[UarPage.QpNumber.Get(data)] is { } qp && qp.Uar == uar) Sends.StartInline(qp, data[..SendWqe.BasicBlock]);
                break;
            case UarPage.SqDoorbell or UarPage.SqDoorbellAlternate when data.Length >= 8:
                Ring(uar, UarPage.QpNumber.Get(data));
                break;
            case UarPage.SqDoorbell + 4 or UarPage.SqDoorbellAlternate + 4 when data.Length >= 4:
                // A 32-bit CPU writes the doorbell in halves; the second names the QP.
                Ring(uar, BinaryPrimitives.ReadUInt32BigEndian(data) >> 8);
                break;
        }
    }

    /// <summary>Appends to an image what is no object of its own.</summary>
    public void Save(BinaryWriter image)
    {
        image.Write((byte)Phase);
        image.Write(Issi);
        image.Write(CommandChecksum);
        image.Write(Gids);
    }

    public void Load(BinaryReader image)
    {
        Phase = (HcaPhase)image.ReadByte();
        Issi = image.ReadUInt32();
        CommandChecksum = image.ReadUInt32();
        image.BaseStream.ReadExactly(Gids);
    }

    /// <summary>The initiator is being suspended: WQEs that wait to be repeated are at a boundary.</summary>
    public void GiveBackRetries()
    {
        foreach (var qp in Qps.Slots)
        {
            if (qp is not null) Sends.GiveBack(qp);
        }
    }

    private void ReleaseQps()
    {
        // Whoever of another function waits for one of them is told after they are gone.
        Qp?[] qps = [.. Qps.Slots];
        Qps.Clear();
        foreach (var qp in qps)
        {
            if (qp is null) continue;
            qp.RetryTimer?.Cancel();
            ReceiveEngine.Forget(qp);
        }
    }

    private void Ring(uint uar, uint number)
    {
        if (Qps[number] is not { } qp || qp.Uar != uar) return;
        qp.DoorbellPending = true;
        Sends.Start(qp);
    }

    private void Arm(Cq cq, ReadOnlySpan<byte> data)
    {
        if (UarPage.ArmSequence.Get(data) != cq.ArmSequence) return;
        cq.ArmedSolicitedOnly = UarPage.ArmSolicitedOnly.IsSet(data);
        cq.ArmedAt = cq.Consumer = UarPage.ConsumerIndex.Get(data);
        cq.Armed = true;
        Notify(cq);
    }

    private void PostEvent(Eq eq, EventType type, BitField field, uint value)
    {
        if (eq.IsFull)
        {
            _function.Fail(HealthSyndrome.AsyncEqOverrun);
        }
        else
        {
            _eqe[Eqe.Type] = (byte)type;
            field.Set(_eqe, value);
            _eqe[Eqe.Owner] = eq.NextOwner;
            _function.WriteMemory(eq.NextEntry, _eqe);
            eq.Advance();
            Interrupt(eq);
        }

        Array.Clear(_eqe);
    }
}
