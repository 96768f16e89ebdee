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

    /// <summary>CREATE_CQ; its entries lie in one piece.</summary>
    public static byte[] CreateCq(uint uar, uint eq, int logSize, ulong ring, ulong doorbellRecord, int entrySize = Cqe.Size)
    {
        var pages = PagesOf(entrySize << logSize);
        var input = Of(CommandOpcode.CreateCq, 0, CreateCommands.InputSize + (pages * 8));
        var context = input.AsSpan(CreateCommands.Context);
        CqContext.LogSize.Set(context, (uint)logSize);
        CqContext.Uar.Set(context, uar);
        CqContext.EqNumber.Set(context, eq);
        CqContext.DoorbellRecord.Set(context, doorbellRecord);
        CqContext.EntrySize.Set(context, entrySize == Cqe.LargeSize ? 1u : 0);
        WritePages(input.AsSpan(CreateCommands.Pages), ring, pages);
        return input;
    }

    /// <summary>CREATE_QP: reliable connection. The ring, in one piece, has the receive queue first, then the send queue.</summary>
    /// <param name="uar">UAR whose doorbell it listens to.</param>
    /// <param name="pd">Protection domain.</param>
    /// <param name="cq">CQ of both queues.</param>
    /// <param name="logBlocks">log2 of the send queue's basic blocks; null: there is no send queue.</param>
    /// <param name="ring">Address.</param>
    /// <param name="doorbellRecord">Address.</param>
    /// <param name="logReceives">log2 of the receive WQEs; null: there is no receive queue.</param>
    public static byte[] CreateQp(
        uint uar, uint pd, uint cq, int? logBlocks, ulong ring, ulong doorbellRecord, int? logReceives = null)
    {
        var bytes = (logBlocks is { } sends ? SendWqe.BasicBlock << sends : 0)
            + (logReceives is { } receives ? SendWqe.Segment << receives : 0);
        var pages = PagesOf(bytes);
        var input = Of(CommandOpcode.CreateQp, 0, CreateCommands.InputSize + (pages * 8));
        var context = input.AsSpan(CreateCommands.QpContext);
        QpContext.ServiceType.Set(context, QpContext.ReliableConnection);
        QpContext.Pd.Set(context, pd);
        QpContext.Uar.Set(context, uar);
        QpContext.NoSendQueue.Set(context, logBlocks is null ? 1u : 0);
        QpContext.LogSendSize.Set(context, (uint)(logBlocks ?? 0));
        QpContext.ReceiveQueueType.Set(context, logReceives is null ? QpContext.NoReceiveQueue : QpContext.OwnReceiveQueue);
        QpContext.LogReceiveSize.Set(context, (uint)(logReceives ?? 0));
        QpContext.SendCq.Set(context, cq);
        QpContext.ReceiveCq.Set(context, cq);
        QpContext.DoorbellRecord.Set(context, doorbellRecord);
        WritePages(input.AsSpan(CreateCommands.Pages), ring, pages);
        return input;
    }

    /// <summary>A transition of a QP that is connected to itself, or to another of its function; remote access is allowed.</summary>
    public static byte[] Transition(CommandOpcode opcode, uint qp, uint? remoteQp = null)
    {
        var input = Of(opcode, 0, CreateCommands.InputSize);
        CommandHeader.ObjectNumber.Set(input, qp);
        var context = input.AsSpan(CreateCommands.QpContext);
        QpContext.RemoteQp.Set(context, remoteQp ?? qp);
        QpContext.ForceLoopback.Set(context, 1);
        Connect(context);
        return input;
    }

    /// <summary>A transition of a QP whose other end is a QP of the function with a GID; remote access is allowed.</summary>
    public static byte[] Transition(CommandOpcode opcode, uint qp, uint remoteQp, ReadOnlySpan<byte> remoteGid)
    {
        var input = Of(opcode, 0, CreateCommands.InputSize);
        CommandHeader.ObjectNumber.Set(input, qp);
        var context = input.AsSpan(CreateCommands.QpContext);
        QpContext.RemoteQp.Set(context, remoteQp);
        QpContext.GlobalRoute.Set(context, 1);
        remoteGid.CopyTo(context[QpContext.RemoteGid..]);
        Connect(context);
        return input;
    }

    /// <summary>SET_ROCE_ADDRESS of a function's first GID.</summary>
    public static byte[] SetGid(ReadOnlySpan<byte> gid)
    {
        var input = Of(CommandOpcode.SetRoceAddress, 0, RoceAddress.Size);
        gid.CopyTo(input.AsSpan(RoceAddress.Gid));
        return input;
    }

    /// <summary>ALLOC_MEMIC.</summary>
    public static byte[] AllocMemic(uint bytes)
    {
        var input = Of(CommandOpcode.AllocMemic, 0, MemicCommands.InputSize);
        MemicCommands.AllocSize.Set(input, bytes);
        return input;
    }

    /// <summary>MANAGE_PAGES that takes pages back.</summary>
    public static byte[] TakePages(int count)
    {
        var input = Of(CommandOpcode.ManagePages, HcaCommands.PagesTake);
        HcaCommands.InputEntries.Set(input, (uint)count);
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

    /// <summary>QUERY_VHCA_MIGRATION_STATE, whole or what changed.</summary>
    public static byte[] QueryMigration(ushort vhcaId, bool incremental, bool inChunks = false)
    {
        var input = OnVhca(CommandOpcode.QueryVhcaMigrationState, 0, vhcaId);
        VhcaCommands.Incremental.Set(input, incremental ? 1u : 0);
        VhcaCommands.Chunk.Set(input, inChunks ? 1u : 0);
        return input;
    }

    /// <summary>SAVE_VHCA_STATE through a key, from address 0 of its region on.</summary>
    public static byte[] SaveVhca(ushort vhcaId, uint mkey, uint size, bool incremental, bool track)
    {
        var input = TransferVhca(CommandOpcode.SaveVhcaState, vhcaId, mkey, size);
        VhcaCommands.Incremental.Set(input, incremental ? 1u : 0);
        VhcaCommands.SetTrack.Set(input, track ? 1u : 0);
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

    private static void Connect(Span<byte> context)
    {
        // 4.2 ms, seven times: longer than a peer stands still for a migration that goes well.
        const uint ackTimeout = 10;
        QpContext.RemoteRead.Set(context, 1);
        QpContext.RemoteWrite.Set(context, 1);
        QpContext.AckTimeout.Set(context, ackTimeout);
        QpContext.RetryCount.Set(context, 7);
        QpContext.RnrRetry.Set(context, QpContext.RnrRetryInfinite);
        QpContext.MinRnrNak.Set(context, 1);
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

    private static int PagesOf(int bytes) => (bytes + 4095) / 4096;

    private static void WritePages(Span<byte> list, ulong first, int count)
    {
        for (var i = 0; i < count; i++) new QwordField(i * 8).Set(list, first + ((ulong)i * 4096));
    }
}
