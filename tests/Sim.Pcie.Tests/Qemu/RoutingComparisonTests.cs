using System.Globalization;
using NUnit.Framework;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Tests.Qemu;

/// <summary>Hundreds of random set-ups of bus numbers, windows, BARs and enables: who answers where, beside QEMU.</summary>
public sealed class RoutingComparisonTests
{
    private const int Cases = 400;
    private const int Tag = 0x38;
    private const uint Mib = 1 << 20;
    private const ulong Gib = 1 << 30;

    [Test]
    public void Who_answers_configuration_memory_and_IO_accesses() => Comparison.Hold("routing", Play);

    private static IEnumerable<string> Play(IBoard board)
    {
        var random = new Random(7);
        WriteTags(board);
        for (var number = 0; number < Cases; number++)
        {
            var layout = new Layout(random);
            layout.Apply(board);
            yield return $"{number} {layout.Observe(board)}";
        }
    }

    /// <summary>Tells each device apart by what its registers hold: a window onto one place must show that device and no other.</summary>
    private static void WriteTags(IBoard board)
    {
        new Layout(null).Apply(board);
        board.WriteMemory(Layout.Nic0Memory + Tag, 0xA0A0);
        board.WriteMemory(Layout.Nic1Memory + Tag, 0xA1A1);
        board.WriteMemory(Layout.SharedMemory + Tag, 0xA2A2);
        board.Out(Layout.Nic0Io, 0x10);
        board.Out(Layout.Nic1Io, 0x14);
    }

    /// <summary>One set-up; without random numbers everything open and in its place.</summary>
    private sealed class Layout
    {
        public const ulong Nic0Memory = 0xC000_0000;
        public const ulong Nic1Memory = 0xC080_0000;
        public const ulong SharedMemory = 8 * Gib;
        public const uint Nic0Io = 0x4000;
        public const uint Nic1Io = 0x8000;

        private readonly Random? _random;
        private readonly int[] _secondary;
        private readonly (int Low, int High) _memory0, _memory1, _memoryUp, _memoryDown, _pref0, _prefUp, _prefDown;
        private readonly (int Low, int High) _io0, _ioUp, _ioDown, _io1;
        private readonly ulong _bar0, _bar1, _shared;
        private readonly uint _port0, _port1;
        private readonly uint[] _commands;

        public Layout(Random? random)
        {
            _random = random;
            // Buses nest and ascend; gaps are the random part.
            var next = 1;
            int Take() => next += random is null ? 0 : random.Next(3);
            _secondary = [Take(), Bump(), Bump(), Bump(), Bump(), Bump()];
            int Bump()
            {
                next++;
                return Take();
            }

            (_memory0, _memoryUp, _memoryDown, _memory1) = (Window(0xC00, 8), Window(0xC00, 8), Window(0xC00, 8), Window(0xC08, 8));
            (_pref0, _prefUp, _prefDown) = (Window(0x2000, 16), Window(0x2000, 16), Window(0x2000, 16));
            (_io0, _ioUp, _ioDown, _io1) = (Window(4, 3), Window(4, 3), Window(4, 3), Window(8, 3));
            _bar0 = Nic0Memory + Shift(8) * Mib;
            _bar1 = Nic1Memory + Shift(8) * Mib;
            _shared = SharedMemory + Shift(16) * Mib;
            _port0 = Nic0Io + (uint)Shift(3) * 0x1000;
            _port1 = Nic1Io + (uint)Shift(3) * 0x1000;
            _commands = [.. Board.Functions.Select(_ => random is null || random.Next(12) > 0 ? 7u : (uint)random.Next(8))];
        }

        public void Apply(IBoard board)
        {
            var id = new Dictionary<string, RoutingId>
            {
                ["rp0"] = Board.Id("rp0"),
                ["rp1"] = Board.Id("rp1"),
                ["up"] = RoutingId.Of(_secondary[0], 0, 0),
                ["d0"] = RoutingId.Of(_secondary[1], 0, 0),
                ["d1"] = RoutingId.Of(_secondary[1], 1, 0),
                ["nic0"] = RoutingId.Of(_secondary[2], 0, 0),
                ["shm"] = RoutingId.Of(_secondary[3], 0, 0),
                ["d2"] = RoutingId.Of(_secondary[1], 2, 0),
                ["rng"] = RoutingId.Of(_secondary[4], 0, 0),
                ["nic1"] = RoutingId.Of(_secondary[5], 0, 0),
            };
            Buses(board, id["rp0"], 0, _secondary[0], _secondary[4]);
            Buses(board, id["rp1"], 0, _secondary[5], _secondary[5]);
            Buses(board, id["up"], _secondary[0], _secondary[1], _secondary[4]);
            Buses(board, id["d0"], _secondary[1], _secondary[2], _secondary[2]);
            Buses(board, id["d1"], _secondary[1], _secondary[3], _secondary[3]);
            Buses(board, id["d2"], _secondary[1], _secondary[4], _secondary[4]);
            Windows(board, id["rp0"], _memory0, _pref0, _io0);
            Windows(board, id["rp1"], _memory1, (1, 0), _io1);
            Windows(board, id["up"], _memoryUp, _prefUp, _ioUp);
            Windows(board, id["d0"], _memoryDown, (1, 0), _ioDown);
            Windows(board, id["d1"], (1, 0), _prefDown, (1, 0));
            board.WriteConfig(id["nic0"], 0x10, 4, (uint)_bar0);
            board.WriteConfig(id["nic0"], 0x18, 4, _port0);
            board.WriteConfig(id["nic1"], 0x10, 4, (uint)_bar1);
            board.WriteConfig(id["nic1"], 0x18, 4, _port1);
            board.WriteConfig(id["shm"], 0x18, 4, (uint)_shared);
            board.WriteConfig(id["shm"], 0x1C, 4, (uint)(_shared >> 32));
            // BARs that are not looked at stay out of the way.
            (string, int)[] aside = [("nic0", 0x14), ("nic0", 0x1C), ("nic1", 0x14), ("nic1", 0x1C), ("shm", 0x10)];
            foreach (var (function, bar) in aside)
                board.WriteConfig(id[function], bar, 4, 0xFFFF_FFF0);
            foreach (var ((name, _), command) in Board.Functions.Zip(_commands)) board.WriteConfig(id[name], 4, 2, command);
        }

        public string Observe(IBoard board)
        {
            var buses = string.Join(',', Enumerable.Range(1, 18).Select(bus => Vendor(board, RoutingId.Of(bus, 0, 0)))
                .Append(Vendor(board, RoutingId.Of(_secondary[1], 1, 0))).Append(Vendor(board, RoutingId.Of(_secondary[2], 1, 0))));
            var memory = string.Join(',', Hex(board.ReadMemory(_bar0 + Tag)), Hex(board.ReadMemory(_bar1 + Tag)),
                Hex(board.ReadMemory(_shared + Tag)));
            return $"cfg {buses} mem {memory} io {Hex(board.In(_port0))},{Hex(board.In(_port1))}";
        }

        private static string Vendor(IBoard board, RoutingId id) =>
            board.ReadConfig(id, 0, 2) is var vendor && vendor == 0xFFFF ? "-" : "+";

        private static string Hex(uint? value) => value?.ToString("x", CultureInfo.InvariantCulture) ?? "-";

        private ulong Shift(int steps) => _random is null ? 0 : (ulong)_random.Next(steps);

        /// <summary>Mostly wide enough; sometimes a part, sometimes closed.</summary>
        private (int Low, int High) Window(int from, int steps)
        {
            if (_random is null || _random.Next(3) > 0) return (from, from + steps - 1);
            if (_random.Next(6) == 0) return (from + 1, from);
            var low = _random.Next(steps);
            return (from + low, from + _random.Next(low, steps));
        }

        private static void Buses(IBoard board, RoutingId id, int primary, int secondary, int subordinate) =>
            board.WriteConfig(id, 0x18, 4, (uint)(primary | secondary << 8 | subordinate << 16));

        private static void Windows(
            IBoard board, RoutingId id, (int Low, int High) memory, (int Low, int High) prefetchable, (int Low, int High) io)
        {
            board.WriteConfig(id, 0x20, 4, (uint)(memory.Low << 4 & 0xFFF0) | (uint)(memory.High << 4 & 0xFFF0) << 16);
            board.WriteConfig(id, 0x24, 4, (uint)(prefetchable.Low << 4 & 0xFFF0) | (uint)(prefetchable.High << 4 & 0xFFF0) << 16);
            board.WriteConfig(id, 0x28, 4, (uint)(prefetchable.Low >> 12));
            board.WriteConfig(id, 0x2C, 4, (uint)(prefetchable.High >> 12));
            board.WriteConfig(id, 0x1C, 2, (uint)(io.Low << 4 & 0xF0) | (uint)(io.High << 4 & 0xF0) << 8);
        }
    }
}
