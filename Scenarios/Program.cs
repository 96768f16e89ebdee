return Scenarios.Cli.PciesimProgram.Run(args, new Scenarios.Platforms.SimulatedVariants(), Console.Out, Console.Error);
