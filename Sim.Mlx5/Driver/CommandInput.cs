using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Driver;

/// <summary>Inputs of commands, as drivers build them.</summary>
public static class CommandInput
{
    /// <summary>Opcode and modifier in an otherwise clear input.</summary>
    public static byte[] Of(CommandOpcode opcode, uint opMod = 0, int size = CommandHeader.Size)
    {
        var input = new byte[size];
        CommandHeader.Opcode.Set(input, (uint)opcode);
        CommandHeader.OpMod.Set(input, opMod);
        return input;
    }

    /// <summary>A short command on the object with a number (QP, CQ, PD, UAR, mkey index, EQ).</summary>
    public static byte[] On(CommandOpcode opcode, uint number)
    {
        var input = Of(opcode);
        CommandHeader.ObjectNumber.Set(input, number);
        return input;
    }

    /// <summary>QUERY_HCA_CAP of the general page; of another function where <paramref name="functionId"/> is not 0.</summary>
    public static byte[] QueryCapabilities(uint mode, uint functionId = 0)
    {
        var input = Of(CommandOpcode.QueryHcaCap, (HcaCapabilities.General << 1) | mode);
        HcaCommands.OtherFunction.Set(input, functionId != 0 ? 1u : 0);
        HcaCommands.FunctionId.Set(input, functionId);
        return input;
    }

    /// <summary>SET_HCA_CAP of the general page.</summary>
    public static byte[] SetCapabilities(ReadOnlySpan<byte> general)
    {
        var input = Of(CommandOpcode.SetHcaCap, HcaCapabilities.General << 1, HcaCommands.Capability + HcaCapabilities.Size);
        general.CopyTo(input.AsSpan(HcaCommands.Capability));
        return input;
    }

    /// <summary>MANAGE_PAGES that gives pages of 4 KiB one behind the other.</summary>
    public static byte[] GivePages(ulong first, int count)
    {
        var input = Of(CommandOpcode.ManagePages, HcaCommands.PagesGive, HcaCommands.PageList + (count * 8));
        HcaCommands.InputEntries.Set(input, (uint)count);
        WritePages(input.AsSpan(HcaCommands.PageList), first, count);
        return input;
    }

    /// <summary>CREATE_EQ with one page of entries.</summary>
    public static byte[] CreateEq(uint uar, int logSize, int vector, ulong ring, ulong events)
    {
        var input = Of(CommandOpcode.CreateEq, 0, CreateCommands.InputSize + 8);
        var context = input.AsSpan(CreateCommands.Context);
        EqContext.LogSize.Set(context, (uint)logSize);
        EqContext.Uar.Set(context, uar);
        EqContext.Vector.Set(context, (uint)vector);
        new QwordField(CreateCommands.EventBitmask).Set(input, events);
        WritePages(input.AsSpan(CreateCommands.Pages), ring, 1);
        return input;
    }

    /// <summary>CREATE_CQ with one page of entries.</summary>
    public static byte[] CreateCq(uint uar, uint eq, int logSize, ulong ring, ulong doorbellRecord)
    {
        var input = Of(CommandOpcode.CreateCq, 0, CreateCommands.InputSize + 8);
        var context = input.AsSpan(CreateCommands.Context);
        CqContext.LogSize.Set(context, (uint)logSize);
        CqContext.Uar.Set(context, uar);
        CqContext.EqNumber.Set(context, eq);
        CqContext.DoorbellRecord.Set(context, doorbellRecord);
        WritePages(input.AsSpan(CreateCommands.Pages), ring, 1);
        return input;
    }

    /// <summary>CREATE_QP: reliable connection, no receive queue, send queue of one page or less.</summary>
    public static byte[] CreateQp(uint uar, uint pd, uint cq, int logBlocks, ulong ring, ulong doorbellRecord)
    {
        var input = Of(CommandOpcode.CreateQp, 0, CreateCommands.InputSize + 8);
        var context = input.AsSpan(CreateCommands.QpContext);
        QpContext.ServiceType.Set(context, QpContext.ReliableConnection);
        QpContext.Pd.Set(context, pd);
        QpContext.Uar.Set(context, uar);
        QpContext.LogSendSize.Set(context, (uint)logBlocks);
        QpContext.ReceiveQueueType.Set(context, QpContext.NoReceiveQueue);
        QpContext.SendCq.Set(context, cq);
        QpContext.ReceiveCq.Set(context, cq);
        QpContext.DoorbellRecord.Set(context, doorbellRecord);
        WritePages(input.AsSpan(CreateCommands.Pages), ring, 1);
        return input;
    }

    /// <summary>A transition of a QP that is connected to itself, with remote access allowed.</summary>
    public static byte[] Transition(CommandOpcode opcode, uint qp)
    {
        var input = Of(opcode, 0, CreateCommands.InputSize);
        CommandHeader.ObjectNumber.Set(input, qp);
        var context = input.AsSpan(CreateCommands.QpContext);
        QpContext.RemoteQp.Set(context, qp);
        QpContext.ForceLoopback.Set(context, 1);
        QpContext.RemoteRead.Set(context, 1);
        QpContext.RemoteWrite.Set(context, 1);
        return input;
    }

    /// <summary>CREATE_MKEY over all addresses, every right.</summary>
    public static byte[] CreateUnboundedMkey(uint pd)
    {
        var input = Of(CommandOpcode.CreateMkey, 0, CreateCommands.InputSize);
        var context = MkeyBasics(input, pd, MkeyContext.PhysicalAddress);
        MkeyContext.Length64.Set(context, 1);
        return input;
    }

    /// <summary>CREATE_MKEY over 4 KiB pages, which it makes one region from address 0 on; every right.</summary>
    public static byte[] CreatePagedMkey(uint pd, IReadOnlyList<ulong> pages)
    {
        var octwords = (pages.Count + 1) / 2;
        var input = Of(CommandOpcode.CreateMkey, 0, CreateCommands.InputSize + (octwords * 16));
        var context = MkeyBasics(input, pd, MkeyContext.PageList);
        MkeyContext.Length.Set(context, (ulong)pages.Count * 4096);
        MkeyContext.LogPageSize.Set(context, 12);
        MkeyContext.TranslationOctwords.Set(context, (uint)octwords);
        CreateCommands.MkeyTranslationOctwords.Set(input, (uint)octwords);
        for (var i = 0; i < pages.Count; i++) new QwordField(CreateCommands.Pages + (i * 8)).Set(input, pages[i]);
        return input;
    }

    /// <summary>SUSPEND_VHCA, RESUME_VHCA or QUERY_VHCA_MIGRATION_STATE.</summary>
    public static byte[] OnVhca(CommandOpcode opcode, uint opMod, ushort vhcaId)
    {
        var input = Of(opcode, opMod);
        VhcaCommands.VhcaId.Set(input, vhcaId);
        return input;
    }

    /// <summary>SAVE_VHCA_STATE or LOAD_VHCA_STATE through a key, from address 0 of its region on.</summary>
    public static byte[] TransferVhca(CommandOpcode opcode, ushort vhcaId, uint mkey, uint size)
    {
        var input = Of(opcode, 0, VhcaCommands.TransferInputSize);
        VhcaCommands.VhcaId.Set(input, vhcaId);
        VhcaCommands.Mkey.Set(input, mkey);
        VhcaCommands.ImageSize.Set(input, size);
        return input;
    }

    private static Span<byte> MkeyBasics(Span<byte> input, uint pd, uint mode)
    {
        const uint anyQp = 0xFF_FFFF;
        var context = input[CreateCommands.Context..];
        MkeyContext.AccessMode.Set(context, mode);
        MkeyContext.LocalRead.Set(context, 1);
        MkeyContext.LocalWrite.Set(context, 1);
        MkeyContext.RemoteRead.Set(context, 1);
        MkeyContext.RemoteWrite.Set(context, 1);
        MkeyContext.Qp.Set(context, anyQp);
        MkeyContext.Pd.Set(context, pd);
        return context;
    }

    private static void WritePages(Span<byte> list, ulong first, int count)
    {
        for (var i = 0; i < count; i++) new QwordField(i * 8).Set(list, first + ((ulong)i * 4096));
    }
}
