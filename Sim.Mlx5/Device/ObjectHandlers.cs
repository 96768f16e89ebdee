using System.Buffers.Binary;
using Sim.Mlx5.Spec;
using static Sim.Mlx5.Spec.CommandStatus;

namespace Sim.Mlx5.Device;

/// <summary>Commands that create and destroy UARs, protection domains, memory keys, EQs and CQs.</summary>
internal static class ObjectHandlers
{
    private const int MaxLogSize = 15;
    private const uint MaxPages = 1 << 16;

    public static CommandStatus? AllocUar(CommandCall call) => Created(call, call.Function.Vhca.Uars.Allocate());

    public static CommandStatus? DeallocUar(CommandCall call)
    {
        var vhca = call.Function.Vhca;
        var uar = Number(call);
        foreach (var eq in vhca.Eqs.Slots) if (eq?.Uar == uar) return ResourceBusy;
        foreach (var cq in vhca.Cqs.Slots) if (cq?.Uar == uar) return ResourceBusy;
        foreach (var qp in vhca.Qps.Slots) if (qp?.Uar == uar) return ResourceBusy;
        return vhca.Uars.Free(uar) ? Ok : BadResource;
    }

    public static CommandStatus? AllocPd(CommandCall call) => Created(call, call.Function.Vhca.Pds.Allocate());

    public static CommandStatus? DeallocPd(CommandCall call)
    {
        var vhca = call.Function.Vhca;
        var pd = Number(call);
        foreach (var mkey in vhca.Mkeys.Slots) if (mkey?.Pd == pd) return ResourceBusy;
        foreach (var qp in vhca.Qps.Slots) if (qp?.Pd == pd) return ResourceBusy;
        return vhca.Pds.Free(pd) ? Ok : BadResource;
    }

    public static CommandStatus? CreateMkey(CommandCall call)
    {
        var vhca = call.Function.Vhca;
        var context = call.Input[CreateCommands.Context..];
        var pd = MkeyContext.Pd.Get(context);
        if (!vhca.Pds.Contains(pd)) return BadResource;
        if (MkeyContext.AccessModeHigh.IsSet(context)) return BadParameter;
        PageList? pages = null;
        var (start, length) = (MkeyContext.Start.Get(context), MkeyContext.Length.Get(context));
        var unbounded = MkeyContext.Length64.IsSet(context);
        switch (MkeyContext.AccessMode.Get(context))
        {
            case MkeyContext.PhysicalAddress:
                break;
            case MkeyContext.PageList:
                var log = (int)MkeyContext.LogPageSize.Get(context);
                var span = log < 12 ? 0 : ((start & ((1UL << log) - 1)) + length + (1UL << log) - 1) >> log;
                if (unbounded || span is 0 or > MaxPages) return BadParameter;
                if (CreateCommands.MkeyTranslationOctwords.Get(call.Input) < (span + 1) / 2) return BadParameter;
                if (call.InputLength - CreateCommands.Pages < (int)span * 8) return BadInputLength;
                pages = PageList.Read(call.Input[CreateCommands.Pages..], (int)span, log);
                if (pages is null) return BadParameter;
                break;
            default:
                return BadParameter;
        }

        if (vhca.Mkeys.NextNumber is not { } index) return NoResources;
        vhca.Mkeys.Put(index, new Mkey
        {
            Index = index,
            Variant = (byte)MkeyContext.Variant.Get(context),
            Rights = Mkey.RightsOf(context),
            Pd = pd,
            Start = start,
            Length = length,
            IsUnbounded = unbounded,
            Pages = pages,
        });
        return Created(call, index);
    }

    public static CommandStatus? DestroyMkey(CommandCall call) => call.Function.Vhca.Mkeys.Remove(Number(call)) ? Ok : BadResource;

    public static CommandStatus? CreateEq(CommandCall call)
    {
        var vhca = call.Function.Vhca;
        var context = call.Input[CreateCommands.Context..];
        var (logSize, uar, vector) = ((int)EqContext.LogSize.Get(context), EqContext.Uar.Get(context), EqContext.Vector.Get(context));
        if (logSize > MaxLogSize || vector >= (uint)call.Function.Vectors) return BadParameter;
        if (!vhca.Uars.Contains(uar)) return BadResource;
        if (Ring(call, (ulong)Eqe.Size << logSize, EqContext.LogPageSize.Get(context)) is not { } ring) return BadInputLength;
        if (vhca.Eqs.NextNumber is not { } number) return NoResources;
        var events = new ulong[4];
        for (var i = 0; i < events.Length; i++)
            events[i] = BinaryPrimitives.ReadUInt64BigEndian(call.Input[(CreateCommands.EventBitmask + (i * 8))..]);
        vhca.Eqs.Put(number, new Eq
        {
            Number = number,
            LogSize = logSize,
            Uar = uar,
            Vector = (int)vector,
            OverrunIgnore = EqContext.OverrunIgnore.IsSet(context),
            Ring = ring,
            Events = events,
        });
        return Created(call, number);
    }

    public static CommandStatus? DestroyEq(CommandCall call)
    {
        var vhca = call.Function.Vhca;
        var number = CreateCommands.EqNumber.Get(call.Input);
        foreach (var cq in vhca.Cqs.Slots) if (cq?.EqNumber == number) return ResourceBusy;
        return vhca.Eqs.Remove(number) ? Ok : BadResource;
    }

    public static CommandStatus? CreateCq(CommandCall call)
    {
        var vhca = call.Function.Vhca;
        var context = call.Input[CreateCommands.Context..];
        var (logSize, uar, eq) = ((int)CqContext.LogSize.Get(context), CqContext.Uar.Get(context), CqContext.EqNumber.Get(context));
        var entrySize = Cqe.Size << (int)CqContext.EntrySize.Get(context);
        if (logSize > MaxLogSize || entrySize > Cqe.LargeSize) return BadParameter;
        if (!vhca.Uars.Contains(uar) || vhca.Eqs[eq] is null) return BadResource;
        if (Ring(call, (ulong)entrySize << logSize, CqContext.LogPageSize.Get(context)) is not { } ring) return BadInputLength;
        if (vhca.Cqs.NextNumber is not { } number) return NoResources;
        vhca.Cqs.Put(number, new Cq
        {
            Number = number,
            LogSize = logSize,
            EntrySize = entrySize,
            Uar = uar,
            EqNumber = eq,
            OverrunIgnore = CqContext.OverrunIgnore.IsSet(context),
            DoorbellRecord = CqContext.DoorbellRecord.Get(context),
            PeriodMicroseconds = (int)CqContext.Period.Get(context),
            MaxCount = (int)CqContext.MaxCount.Get(context),
            Ring = ring,
        });
        return Created(call, number);
    }

    public static CommandStatus? DestroyCq(CommandCall call)
    {
        var vhca = call.Function.Vhca;
        var number = Number(call);
        foreach (var qp in vhca.Qps.Slots) if (qp is not null && (qp.SendCq == number || qp.ReceiveCq == number)) return ResourceBusy;
        vhca.Cqs[number]?.Timer?.Cancel();
        return vhca.Cqs.Remove(number) ? Ok : BadResource;
    }

    /// <summary>The object number in a command's input.</summary>
    internal static uint Number(CommandCall call) => CommandHeader.ObjectNumber.Get(call.Input);

    /// <summary>Answers with the number of a new object; without one, nothing is left.</summary>
    internal static CommandStatus Created(CommandCall call, uint? number)
    {
        if (number is not { } given) return NoResources;
        CommandHeader.CreatedNumber.Set(call.Output, given);
        return Ok;
    }

    /// <summary>The page list of a ring; null if the input does not hold all of it.</summary>
    internal static PageList? Ring(CommandCall call, ulong bytes, uint logPages4K) =>
        PageList.ReadRing(call.Input[CreateCommands.Pages..], bytes, logPages4K);
}
